import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Built by scripts/bundle-dashboard.mjs, which says where to. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/dashboard/',
  plugins: [react()],
  // npm shares some packages with the admin panel, beside which they would find its React 18.
  resolve: { dedupe: ['react', 'react-dom'] },
  build: {
    target: 'es2022',
    // The page's Content-Security-Policy knows no data: scripts or fonts; small files stay files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
});
