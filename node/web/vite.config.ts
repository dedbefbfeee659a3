import { defineConfig } from "vite";

// One script, one style sheet, no source of ours in the output but those: what
// the program serves is what stands here, and it asks nobody else for anything.
export default defineConfig({
  publicDir: false,
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  css: {
    preprocessorOptions: {
      scss: { quietDeps: true, silenceDeprecations: ["mixed-decls"], loadPaths: [".", "node_modules"] },
    },
  },
  build: {
    outDir: "dist",
    target: "es2021",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    cssCodeSplit: false,
  },
});
