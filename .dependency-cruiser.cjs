/**
 * Which way imports may point. A folder may import from its own layer and from those before it; a type import counts
 * like any other. Tests are free.
 */
const LAYERS = [
  ['common', 'config', 'database'],
  ['http', 'auth', 'audit', 'staff', 'events'],
  ['affiliates'],
  ['referrals'],
  ['fraud'],
  ['commissions'],
  ['payouts'],
  ['stripe'],
  ['admin', 'dashboard', 'erasures', 'generate', 'mail', 'rollups', 'snippet'],
];

/** These put everything together and may import all of it; nothing imports them. */
const ROOTS = '^src/[^/]+\\.ts$|^src/(cli|demo)/';

const folders = (layers) => `^src/(${layers.flat().join('|')})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...LAYERS.slice(0, -1).map((layer, index) => ({
      name: `direction-${layer.join('-')}`,
      comment: `${layer.join(', ')} may not know what is built on them`,
      severity: 'error',
      from: { path: folders([layer]) },
      to: { path: folders(LAYERS.slice(index + 1)) },
    })),
    {
      name: 'direction-roots',
      comment: 'what puts the application together is not imported by its parts',
      severity: 'error',
      from: { path: '^src/', pathNot: ROOTS },
      to: { path: ROOTS },
    },
    {
      name: 'known-folders',
      comment: 'a new folder of src/ needs a place in LAYERS',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: [folders(LAYERS), ROOTS] },
    },
    {
      name: 'stripe-only-in-stripe',
      comment: 'domain modules own ports, src/stripe implements them; everything else is free of Stripe',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/stripe/' },
      to: { path: 'node_modules/stripe/' },
    },
    {
      name: 'emulator-stands-alone',
      comment: 'an emulator that shared code with the application would share its mistakes',
      severity: 'error',
      from: { path: '^src/stripe/emulator/' },
      to: { path: '^src/', pathNot: '^src/(stripe/emulator|common)/' },
    },
    {
      name: 'emulator-by-its-index',
      comment: 'the application starts the emulator and knows nothing else of it',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/stripe/emulator/' },
      to: { path: '^src/stripe/emulator/', pathNot: '^src/stripe/emulator/index\\.ts$' },
    },
    {
      name: 'no-cycles',
      comment: 'two files that need each other are one, or hide a third',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-tests-in-src',
      comment: 'what ships does not depend on tests',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(test|bench)/|\\.spec\\.ts$' },
    },
    {
      name: 'no-development-packages-in-src',
      comment: 'a production install would lack it',
      severity: 'error',
      // What browsers get is bundled when the service is built.
      from: { path: '^src/', pathNot: '\\.spec\\.ts$|^src/admin/components/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
    {
      name: 'no-unresolvable',
      comment: 'an import that leads nowhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-undeclared-packages',
      comment: 'a package that package.json does not name is there by chance',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
