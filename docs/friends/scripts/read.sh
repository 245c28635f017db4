#!/bin/sh
# Prints the power now, the first dial, and what was used today.
set -eu
broker="-h ${MQTT_HOST:-localhost} -p ${MQTT_PORT:-1883} ${MQTT_USER:+-u $MQTT_USER -P $MQTT_PASSWORD}"
meterkast=${METERKAST:-http://localhost:8080}

# retained, so that the first message is there at once
echo "power $(mosquitto_sub $broker -t dsmr/home/value/power_import_w -C 1 -W 10) W"
echo "dial 1 $(mosquitto_sub $broker -t dsmr/home/value/energy_import_t1_kwh -C 1 -W 10) kWh"

usage=$(curl -fsS ${TOKEN:+-H "Authorization: Bearer $TOKEN"} "$meterkast/api/v1/meters/home/usage?per=day&from=today")
echo "today $(echo "$usage" | jq -r .total.energy_import_kwh) kWh"
