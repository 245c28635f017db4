import "../styles/setup.css";
import type { ComponentType } from "preact";
import { hrefOf, type PlaceProps } from "../route";
import type { TextKey } from "../texts/language";
import { AccessPart } from "./access";
import { ContractsPart } from "./contracts";
import { ImportPart } from "./import";
import { PreferencesPart } from "./preferences-form";
import { PricesPart } from "./prices";
import { SystemPart } from "./system";

interface Part {
  key: string;
  title: TextKey;
  panels: readonly ComponentType<PlaceProps>[];
}

const SYSTEM: Part = { key: "system", title: "setup.system", panels: [SystemPart] };
const PARTS: readonly Part[] = [
  SYSTEM,
  { key: "costs", title: "setup.costs", panels: [ContractsPart, PricesPart] },
  { key: "import", title: "setup.import", panels: [ImportPart] },
  { key: "preferences", title: "setup.preferences", panels: [PreferencesPart] },
  { key: "access", title: "setup.access", panels: [AccessPart] },
];

/** Everything that can be set. */
export function SetupPage(props: PlaceProps) {
  const { route, format } = props;
  const part = PARTS.find(({ key }) => key === route.query.value.part) ?? SYSTEM;
  return (
    <div class="setup">
      <nav class="parts" aria-label={format.text("place.setup")}>
        <ul>
          {PARTS.map(({ key, title }) => (
            <li key={key}>
              <a
                href={hrefOf("/setup", key === SYSTEM.key ? {} : { part: key })}
                aria-current={key === part.key ? "page" : undefined}
              >
                {format.text(title)}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="panels-below" key={part.key}>
        {part.panels.map((Panel, index) => (
          <Panel key={index} {...props} />
        ))}
      </div>
    </div>
  );
}
