"""The first lines of each file, as the documentation shows them."""

USAGE = (
    "from,to,hole,complete,energy_import_t1_kwh,energy_import_t2_kwh,gas_m3\r\n"
    "2026-03-29T00:00:00+01:00,2026-03-29T01:00:00+01:00,no,true,0.212,0.000,0.041\r\n"
    "2026-03-29T01:00:00+01:00,2026-03-29T03:00:00+02:00,part,true,0.050,0.000,0.000\r\n"
    "2026-03-29T01:20:00+01:00,2026-03-29T04:15:00+02:00,hole,true,0.391,0.000,\r\n"
)
POWER = (
    "from,to,power_import_w_min,power_import_w_mean,power_import_w_max\r\n"
    "2026-03-29T14:00:00+02:00,2026-03-29T14:00:10+02:00,410,418.5,431\r\n"
    "2026-03-29T14:00:10+02:00,2026-03-29T14:00:20+02:00,,,\r\n"
)
EVENTS = (
    "at,kind,meter_id,text,detail\r\n"
    "2026-03-29T05:12:00+02:00,power_failure,,The power was away for 41 minutes.,"
    '"{""duration_s"":2460}"\r\n'
)
SAMPLES = (
    "measured_at,received_at,clock,meter_id,energy_import_t1_kwh,power_import_w,voltage_l1_v\r\n"
    "2026-03-29T14:00:00+02:00,2026-03-29T14:00:00.412000+02:00,meter,E0043,4521.103,424,231.2\r\n"
)
PARQUET = "PAR1…PAR1"
