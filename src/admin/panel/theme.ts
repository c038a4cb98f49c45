/** The reader's own system font: nothing is fetched for it, and every script the system knows is drawn. */
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Open Sans', Arial, sans-serif";

/** As wide as a window must be for the menu to stand open beside the page: common laptops have 1280. */
export const MENU_BESIDE_FROM_PX = 1200;

/** AdminJS' types take nothing but maps here, its design system texts and lists. */
export const BRANDING_THEME = {
  font: FONT as never,
  // The last one is where AdminJS lets its menu stand open; the others are its own.
  breakpoints: ['577px', '769px', '1024px', `${MENU_BESIDE_FROM_PX}px`] as never,
  // As wide as its words: what it takes, lists on a laptop lack.
  sizes: { sidebarWidth: '256px' } as never,
  // Light letters in grey have the contrast that they need by their colour, but not to the eye.
  fontWeights: { lighter: 400, light: 400 } as never,
  colors: {
    primary100: '#1d4ed8',
    primary80: '#3b64dd',
    primary60: '#7c97e8',
    primary40: '#b6c5f3',
    primary20: '#e3eafc',
    accent: '#1d4ed8',
    hoverBg: '#1e40af',
    love: '#b91c1c',
    grey100: '#0f172a',
    grey80: '#334155',
    grey60: '#475569',
    grey40: '#64748b',
    grey20: '#f1f5f9',
    bg: '#f5f7fa',
  },
};
