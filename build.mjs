// Builds static/dist from static/css, static/js and the packages pinned in package-lock.json.
//
// Everything the browser loads is served by the portal itself under a content security policy without
// 'unsafe-eval' and without 'unsafe-inline'. Two packages need a change for that; `cspPatches` names each,
// says why, and fails the build when a new version of the package no longer matches.

import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import * as esbuild from "esbuild";
import rtlcss from "rtlcss";
import * as sass from "sass";

const root = dirname(fileURLToPath(import.meta.url));
const watching = process.argv.includes("--watch");
const modules = join(root, "node_modules");
const dist = join(root, "static", "dist");
// A build grows beside the old one and takes its place when it is whole: a running portal never misses a file.
const out = watching ? dist : join(modules, `.dist-${process.pid}`);

const ICONS = [
  "archive", "arrow-clockwise", "arrow-counterclockwise", "arrow-left", "arrow-right", "arrows", "bell", "box-arrow-right",
  "calendar3", "camera", "chat", "check", "check-circle", "check2-all", "chevron-down", "chevron-left",
  "chevron-right", "circle", "circle-half", "clipboard2-pulse", "clock", "cloud-arrow-up", "cpu", "dash-circle",
  "diagram-3", "download", "envelope", "exclamation-octagon", "exclamation-triangle", "eye", "eye-slash",
  "file-earmark-check", "file-earmark-pdf", "file-earmark-text", "flag", "fullscreen", "gear", "graph-up", "grid",
  "hourglass-split", "house", "image", "images", "info-circle", "journal-medical", "key", "keyboard", "layers",
  "link-45deg", "list", "list-check", "lock", "moon", "pause-circle", "pencil", "pentagon", "people", "person",
  "person-check", "person-plus", "play-circle", "plus", "printer", "question-circle", "search", "send", "shield-check",
  "shield-lock", "slash-circle", "sliders", "square", "sun", "three-dots", "trash", "unlock", "upload", "x",
  "x-circle", "zoom-in", "zoom-out",
];

const cspPatches = [
  {
    // pixi.js, bundled inside Annotorious, builds its uniform setters with `new Function`. The static setters that
    // @pixi/unsafe-eval publishes for pages that forbid eval do the same without it; that package patches an
    // importable pixi, which this bundle hides, so the two methods are replaced here.
    file: /@annotorious\/openseadragon\/dist\/annotorious-openseadragon\.es\.js$/,
    prepend: `import { syncUniforms as staticUniforms } from ${JSON.stringify(
      join(modules, "@pixi", "unsafe-eval", "lib", "syncUniforms.mjs"),
    )};\n`,
    replacements: [
      [/systemCheck\(\) \{\s*if \(!\w+\(\)\)\s*throw new Error\("Current environment[^;]*;/, "systemCheck() {"],
      [
        /syncUniforms\((\w+), (\w+), (\w+)\) \{\s*\(\1\.syncUniforms\[this\.shader\.program\.id\][^}]*\}/,
        "syncUniforms(group, glProgram) {\n    staticUniforms(group, this.shader.program.uniformData, " +
          "glProgram.uniformData, group.uniforms, this.renderer);\n  }",
      ],
      // Svelte's attribute setter writes `style` as an attribute, which the policy refuses; through the style object
      // the same is allowed. The bundle carries the setter twice.
      [
        /e == null \? r\.removeAttribute\(t\) : r\.getAttribute\(t\) !== e && r\.setAttribute\(t, e\);/,
        'e == null ? r.removeAttribute(t) : t === "style" ? (r.style.cssText = e) : ' +
          "r.getAttribute(t) !== e && r.setAttribute(t, e);",
        2,
      ],
    ],
  },
  {
    // OpenSeadragon adds a <style> element that hides the focus ring on touch screens. An inline style is refused by
    // the policy, and the focus ring is wanted.
    file: /openseadragon\/build\/openseadragon\/openseadragon\.js$/,
    prepend: "",
    replacements: [
      [/if \(!document\.querySelector\('style\[data-openseadragon-mobile-css\]'\)\) \{[\s\S]*?appendChild\(style\);\s*\}/, ""],
    ],
  },
];

const patchForCsp = {
  name: "patch-for-csp",
  setup(build) {
    for (const { file, prepend, replacements } of cspPatches) {
      build.onLoad({ filter: file }, ({ path }) => {
        let contents = readFileSync(path, "utf8");
        for (const [pattern, replacement, expected = 1] of replacements) {
          const everywhere = new RegExp(pattern, "g");
          const hits = contents.match(everywhere)?.length ?? 0;
          if (hits !== expected) {
            throw new Error(`${relative(root, path)}: ${hits} matches of ${pattern}, not ${expected}. Revise cspPatches.`);
          }
          contents = contents.replace(everywhere, replacement);
        }
        return { contents: prepend + contents, loader: "js" };
      });
    }
  },
};

const compileSass = {
  name: "compile-sass",
  setup(build) {
    build.onLoad({ filter: /\.scss$/ }, ({ path }) => {
      const { css, loadedUrls } = sass.compile(path, {
        loadPaths: [modules],
        quietDeps: true,
        silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"],
      });
      const watchFiles = loadedUrls.filter((url) => url.protocol === "file:").map((url) => fileURLToPath(url));
      return { contents: css, loader: "css", resolveDir: dirname(path), watchFiles };
    });
  },
};

/** The sheet for right-to-left scripts: ours uses logical sides already, Bootstrap's left and right are mirrored. */
function writeMirroredStyles() {
  writeFileSync(join(out, "app.rtl.css"), rtlcss.process(readFileSync(join(out, "app.css"), "utf8")));
}

/** One SVG file with a <symbol> per icon, used as `<use href="…/icons.svg#name">`. */
function writeIconSprite() {
  const symbols = ICONS.map((name) => {
    const svg = readFileSync(join(modules, "bootstrap-icons", "icons", `${name}.svg`), "utf8");
    const inner = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/\s*\n\s*/g, "");
    return `<symbol id="${name}" viewBox="0 0 16 16">${inner}</symbol>`;
  });
  const sprite = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("\n")}</svg>\n`;
  writeFileSync(join(out, "icons.svg"), sprite);
}

function report() {
  for (const name of readdirSync(dist).filter((file) => /\.(js|css)$/.test(file)).sort()) {
    const bytes = readFileSync(join(dist, name));
    const kb = (gzipSync(bytes).length / 1000).toFixed(1).padStart(7);
    console.log(`${name.padEnd(14)} ${(bytes.length / 1000).toFixed(1).padStart(8)} kB ${kb} kB compressed`);
  }
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
writeIconSprite();
cpSync(join(root, "static", "img"), out, { recursive: true });

const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: !watching,
  target: ["es2022"],
  outdir: out,
  legalComments: "none",
  logLevel: "warning",
  loader: { ".woff2": "file", ".svg": "dataurl" },
  assetNames: "[name]",
  plugins: [compileSass, patchForCsp],
};
const builds = [
  {
    ...shared,
    format: "esm",
    entryPoints: ["app", "care", "camera", "upload", "review", "compare", "charts"].map((name) => ({
      in: `static/js/${name}.js`,
      out: name,
    })),
  },
  { ...shared, format: "iife", entryPoints: [{ in: "static/js/theme.js", out: "theme" }] },
  { ...shared, entryPoints: [{ in: "static/css/app.scss", out: "app" }] },
];

if (watching) {
  for (const options of builds) await (await esbuild.context(options)).watch();
  console.log("watching static/css and static/js");
} else {
  try {
    await Promise.all(builds.map((options) => esbuild.build(options)));
    writeMirroredStyles();
    rmSync(dist, { recursive: true, force: true });
    renameSync(out, dist);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  report();
}
