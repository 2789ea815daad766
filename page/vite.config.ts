import { defineConfig } from 'vite'

/** Builds the page into dist/page. `npm run page` serves it for development, with a service on port 3000. */
export default defineConfig({
  build: {
    outDir: '../dist/page',
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
    // The content security policy allows no inline assets.
    assetsInlineLimit: 0,
  },
  server: {
    // The catalogue of the lecture is in examples/.
    fs: { allow: ['..'] },
    proxy: Object.fromEntries(
      [
        '/jobs',
        '/models',
        '/registry',
        '/datasets',
        '/sweeps',
        '/workshop',
        '/usage',
        '/health',
        '/stream',
        '/openapi.json',
      ].map((path) => [path, { target: 'http://127.0.0.1:3000', ws: true }]),
    ),
  },
})
