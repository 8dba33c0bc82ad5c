// Writes marketplace/static/gridclear: the stylesheet, htmx, the small script, fonts and icons.
// The result is committed, so that only who changes a template's classes needs Node.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "gridclear");
const modules = join(here, "node_modules");

const copies = {
  "app.js": join(here, "app.js"),
  "cases.js": join(here, "cases.js"),
  "wallet.js": join(here, "wallet.js"),
  "icons.svg": join(here, "icons.svg"),
  "mark.svg": join(here, "mark.svg"),
  "htmx.min.js": join(modules, "htmx.org/dist/htmx.min.js"),
  "fonts/inter.woff2": join(modules, "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"),
  "fonts/inter-LICENSE.txt": join(modules, "@fontsource-variable/inter/LICENSE"),
  "fonts/jetbrains-mono.woff2": join(
    modules,
    "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
  ),
  "fonts/jetbrains-mono-LICENSE.txt": join(modules, "@fontsource-variable/jetbrains-mono/LICENSE"),
};

mkdirSync(join(out, "fonts"), { recursive: true });
for (const [name, source] of Object.entries(copies)) copyFileSync(source, join(out, name));
execFileSync(
  process.execPath,
  [join(modules, "@tailwindcss/cli/dist/index.mjs"), "-i", join(here, "app.css"), "-o", join(out, "app.css"), "--minify"],
  { cwd: here, stdio: "inherit" },
);
