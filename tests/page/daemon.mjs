// A node's daemon, with or without a page; however a test ends, none is left behind.
import { spawn } from "node:child_process";
import { once } from "node:events";

const running = new Set();
process.on("exit", () => { for (const d of running) d.kill(); });

/** Start it; pattern: what it prints once it is ready, with the address in brackets. */
async function run(dir, options, pattern) {
  const child = spawn(process.env.PAGE_FOOTBRIDGE, ["--dir", dir, "serve", ...options],
    { stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  let text = "";
  const at = await new Promise((done, gone) => {
    child.stdout.on("data", (piece) => {
      text += piece;
      const found = text.match(pattern);
      if (found) done(found[1]);
    });
    child.once("exit", (code) => gone(new Error(`the daemon of ${dir} ended (${code}): ${text}`)));
  });
  return {
    at,
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      running.delete(child);
    },
  };
}

export const page = (dir, port = 0) => run(dir, ["--page", `127.0.0.1:${port}`],
  /the page for staff is at (http:\/\/\S+\/)/);
export const hub = (dir, at) => run(dir, ["--listen", at], /^serving.*?(\S+)$/m);
