import { useEffect, useMemo, useState } from "preact/hooks";
import type { Device, Release, ServiceHealth } from "../api/shapes";
import type { Format } from "../format/format";
import type { House } from "../live/house";
import type { Gateway } from "../live/state";
import { useSession } from "../session/session";
import { isTextKey } from "../texts/language";
import { Installation } from "./installation";
import { sentenceOf } from "./trouble";

interface Props {
  house: House;
  format: Format;
}

/** The services and gateways, and how they do. */
export function SystemPart({ house, format }: Props) {
  const installation = useMemo(
    () => new Installation(house.client, () => Object.keys(house.state.peek().gateways)),
    [house],
  );
  useEffect(() => installation.watch(), [installation]);
  const services = Object.values(installation.services.value).sort((a, b) =>
    a.service.localeCompare(b.service),
  );
  const gateways = Object.values(house.state.value.gateways).sort((a, b) => a.name.localeCompare(b.name));
  return (
    <>
      <section class="panel" aria-labelledby="services">
        <h2 id="services" class="caption">
          {format.text("services")}
        </h2>
        {services.length === 0 && <p class="note">{format.text("services.none")}</p>}
        <ul class="things">
          {services.map((health) => (
            <Service key={`${health.service} ${health.instance}`} health={health} format={format} />
          ))}
        </ul>
      </section>
      <section class="panel" aria-labelledby="gateways">
        <h2 id="gateways" class="caption">
          {format.text("gateways")}
        </h2>
        {gateways.length === 0 && <p class="note">{format.text("none.hint")}</p>}
        <ul class="things">
          {gateways.map((gateway) => (
            <GatewayThing
              key={gateway.name}
              gateway={gateway}
              device={installation.devices.value[gateway.name]}
              house={house}
              format={format}
            />
          ))}
        </ul>
      </section>
    </>
  );
}

function Service({ health, format }: { health: ServiceHealth; format: Format }) {
  const { service, instance, status, version, detail, checks, started_at } = health;
  return (
    <li data-state={status} data-testid={`service-${service}`}>
      <p class="head">
        <span class="lamp" aria-hidden="true" />
        <span class="name">{serviceName(service, format)}</span>
        {instance !== "main" && <span class="note">{instance}</span>}
        <span class="state">{statusText(status, format)}</span>
      </p>
      {detail && (
        <p class="error" lang="en">
          {detail}
        </p>
      )}
      <p class="note">
        {format.text("services.since", { version, time: format.moment(Date.parse(started_at)) })}
        {Object.entries(checks ?? {}).map(([part, state]) => ` · ${part}: ${state}`)}
      </p>
    </li>
  );
}

function serviceName(service: string, format: Format): string {
  const key = `service.${service}`;
  return isTextKey(key) ? format.text(key) : service;
}

function statusText(status: string, format: Format): string {
  const key = `health.${status}`;
  return isTextKey(key) ? format.text(key) : status;
}

interface GatewayProps extends Props {
  gateway: Gateway;
  device: Device | undefined;
}

function GatewayThing({ gateway, device, house, format }: GatewayProps) {
  const { name, online, reading, heardAt } = gateway;
  const state = online === undefined ? "unknown" : online ? "online" : "offline";
  return (
    <li data-state={state} data-testid={`gateway-${name}`}>
      <p class="head">
        <span class="lamp" aria-hidden="true" />
        <span class="name">{name}</span>
        <span class="state">{format.text(`gateway.${state}`)}</span>
      </p>
      <dl class="facts">
        {reading?.identification && <Fact name={format.text("meter")} value={reading.identification} />}
        {heardAt !== undefined && (
          <Fact name={format.text("gateway.heard")} value={format.clock(heardAt, house.now.value)} />
        )}
        {device && <DeviceFacts device={device} format={format} />}
      </dl>
      {device?.source.startsWith("esp") && <Commands device={device} house={house} format={format} />}
    </li>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function DeviceFacts({ device, format }: { device: Device; format: Format }) {
  const { source, version, address, line, signal_dbm, counters = {} } = device;
  const { slot, reset_cause, update, answer } = device;
  return (
    <>
      <Fact name={format.text("gateway.source")} value={[source, line].filter(Boolean).join(", ")} />
      <Fact
        name={format.text("gateway.version")}
        value={slot ? format.text("gateway.slot", { version, slot }) : version}
      />
      {address && <Fact name={format.text("gateway.address")} value={address} />}
      {signal_dbm !== undefined && (
        <Fact name={format.text("gateway.signal")} value={`${format.number(signal_dbm)} dBm`} />
      )}
      <Fact name={format.text("gateway.since")} value={since(device, format)} />
      {reset_cause && <Fact name={format.text("gateway.cause")} value={reset_cause} />}
      {update && <Fact name={format.text("gateway.update")} value={update} />}
      {answer && <Fact name={format.text("gateway.answer")} value={answer} />}
      {countersShown(counters).map(([name, count]) => (
        <Fact key={name} name={format.counter(name)} value={format.number(count)} />
      ))}
    </>
  );
}

/** Telegrams first; of what went wrong only what did. */
function countersShown({ telegrams, ...others }: Record<string, number>): [string, number][] {
  const happened = Object.entries(others).filter(([, count]) => count !== 0);
  return telegrams === undefined ? happened : [["telegrams", telegrams], ...happened];
}

/** Since when it runs; for how long where the gateway has no clock. */
function since({ started_at, uptime_s }: Device, format: Format): string {
  if (started_at !== undefined) return format.moment(Date.parse(started_at));
  const hours = Math.floor(uptime_s / 3600);
  const minutes = Math.floor((uptime_s % 3600) / 60);
  return format.text("gateway.uptime", { hours: format.number(hours), minutes: format.number(minutes) });
}

const COMMANDS = ["identify", "restart"] as const;

/** What a gateway with our firmware can be told to do; the newest release that it does not run is offered. */
function Commands({ device, house, format }: Props & { device: Device }) {
  const { gateway, version, commands = [] } = device;
  const session = useSession();
  const [told, tell] = useState("");
  const [newest, offer] = useState<string>();
  const updates = commands.includes("update");
  useEffect(() => {
    if (!updates) return;
    house.client.get("firmware").then(
      (list) => offer((list as readonly Release[])[0]?.version),
      () => offer(undefined), // an older server has none
    );
  }, [house, updates]);
  const send = async (command: string, detail?: object) => {
    try {
      await session.control(() => house.client.send("POST", `meters/${gateway}/command/${command}`, detail));
      tell(format.text("command.sent"));
    } catch (error) {
      tell(sentenceOf(error, format));
    }
  };
  return (
    <p class="actions">
      {COMMANDS.map((command) => (
        <button key={command} type="button" class="button plain small" onClick={() => void send(command)}>
          {format.text(`command.${command}`)}
        </button>
      ))}
      {newest !== undefined && newest !== version && (
        <button
          type="button"
          class="button plain small"
          onClick={() => void send("update", { version: newest })}
        >
          {format.text("command.update", { version: newest })}
        </button>
      )}
      <span role="status" class="note">
        {told}
      </span>
    </p>
  );
}
