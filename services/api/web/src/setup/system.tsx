import { useEffect, useMemo, useState } from "preact/hooks";
import type { Device, ServiceHealth } from "../api/shapes";
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
      {device?.source.startsWith("esp") && <Commands gateway={name} house={house} format={format} />}
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
  const { source, version, address, line, signal_dbm, started_at, counters = {} } = device;
  const counted = Object.entries(counters).map(([name, count]) => `${name} ${format.number(count)}`);
  return (
    <>
      <Fact name={format.text("gateway.source")} value={[source, line].filter(Boolean).join(", ")} />
      <Fact name={format.text("gateway.version")} value={version} />
      {address && <Fact name={format.text("gateway.address")} value={address} />}
      {signal_dbm !== undefined && (
        <Fact name={format.text("gateway.signal")} value={`${format.number(signal_dbm)} dBm`} />
      )}
      <Fact name={format.text("gateway.since")} value={format.moment(Date.parse(started_at))} />
      {counted.length > 0 && <Fact name={format.text("gateway.counters")} value={counted.join(" · ")} />}
    </>
  );
}

const COMMANDS = ["identify", "restart"] as const;

/** What a gateway with our firmware can be told to do. */
function Commands({ gateway, house, format }: Props & { gateway: string }) {
  const session = useSession();
  const [told, tell] = useState("");
  const send = async (command: string) => {
    try {
      await session.control(() => house.client.send("POST", `meters/${gateway}/command/${command}`));
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
      <span role="status" class="note">
        {told}
      </span>
    </p>
  );
}
