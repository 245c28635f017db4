import { useComputed, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { netPower } from "../api/reading";
import { Format } from "../format/format";
import type { House } from "../live/house";
import { Announcer } from "../parts/announcer";
import { ConnectionState } from "../parts/connection";
import { Toolbar } from "../parts/toolbar";
import type { Preferences } from "../preferences";
import type { Route } from "../route";
import { LoginDialog, LoginPanel } from "../session/login";
import { type Session, SessionContext } from "../session/session";
import { GatewayChoice } from "./gateway-choice";
import { Navigation } from "./navigation";
import { OldNotice } from "./old-notice";
import { PlaceView } from "./place-view";
import { NOW, placeAt } from "./places";

interface Props {
  house: House;
  preferences: Preferences;
  route: Route;
  session: Session;
}

/** What stands around every place. */
export function Shell({ house, preferences, route, session }: Props) {
  const format = useComputed(() => {
    const { code, locale } = preferences.language.value;
    return new Format(code, locale, preferences.timezone.value ?? house.zone.value);
  });
  const place = placeAt(route.path.value);
  const link = house.connection.value;
  const props = { house, preferences, route, format: format.value };
  useTitle(house, route, format);
  return (
    <SessionContext.Provider value={session}>
      <SkipLink format={format.value} />
      <header class="top">
        <a class="brand" href="#/">
          Meterkast
        </a>
        <ConnectionState link={link} format={format.value} now={house.now.value} />
        <Navigation route={route} format={format.value} />
        <Toolbar preferences={preferences} session={session} format={format.value} />
      </header>
      <GatewayChoice house={house} format={format.value} />
      <OldNotice house={house} link={link} format={format.value} />
      <main id="main" data-link={link.kind} tabIndex={-1}>
        <PlaceName path={place.path} name={format.value.text(place.name)} />
        {link.kind === "refused" ? (
          <LoginPanel session={session} house={house} format={format.value} />
        ) : (
          <PlaceView key={place.path} place={place} {...props} />
        )}
      </main>
      <Announcer
        link={link}
        reading={house.gateway.value?.reading}
        format={format.value}
        now={house.now.value}
      />
      <LoginDialog session={session} format={format.value} />
    </SessionContext.Provider>
  );
}

/** Jumps over the header; the hash stays, since it says where one is. */
function SkipLink({ format }: { format: Format }) {
  return (
    <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
      {format.text("skip")}
    </button>
  );
}

/** The place's heading; it gets the focus when one comes from another place, so that a screen reader says it. */
function PlaceName({ path, name }: { path: string; name: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    heading.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [path]);
  return (
    <h1 class="unseen" ref={heading} tabIndex={-1}>
      {name}
    </h1>
  );
}

function useTitle(house: House, route: Route, format: { value: Format }): void {
  useSignalEffect(() => {
    const place = placeAt(route.path.value);
    const reading = house.gateway.value?.reading;
    const power = reading && netPower(reading);
    const name = format.value.text(place.name);
    const shown = place !== NOW ? name : power === undefined ? undefined : `${format.value.number(power)} W`;
    document.title = shown === undefined ? "Meterkast" : `${shown} · Meterkast`;
  });
}
