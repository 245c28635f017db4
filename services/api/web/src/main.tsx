import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/page.css";
import "./styles/parts.css";
import { render } from "preact";
import { Client } from "./api/client";
import { House } from "./live/house";
import { Page } from "./page";
import { Preferences } from "./preferences";

const wanted = new URLSearchParams(location.search).get("gateway") ?? undefined;
const house = new House(new Client(document.baseURI), wanted);
const preferences = new Preferences(navigator.languages);
const root = document.getElementById("page");
if (root) render(<Page house={house} preferences={preferences} />, root);
house.start();
