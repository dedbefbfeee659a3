import { render } from "preact";
import { App } from "./app";
import "./style/page.scss";

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
