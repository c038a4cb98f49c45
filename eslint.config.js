import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const TIME =
  'Take the time from the injected Clock (src/common/clock.ts), so that tests and the demo can let months pass.';

const bansEverywhere = [
  {
    selector:
      "CallExpression[callee.property.name='catch'] > ArrowFunctionExpression[body.type='Identifier'][body.name='undefined']",
    message: 'Nothing is swallowed: say what may fail here and why that is no harm, or log it.',
  },
  {
    selector: 'ThrowStatement > :matches(Literal, TemplateLiteral, ObjectExpression)',
    message: 'Throw an Error, which has a stack.',
  },
];

const timeBans = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: TIME },
  { selector: "CallExpression[callee.name='Date']", message: TIME },
  { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: TIME },
];

const chanceBans = [
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'Take randomness from node:crypto or an injected generator.',
  },
];

const environmentBans = [
  {
    // Handing the whole environment to readConfig is how a program starts.
    selector:
      ":not(CallExpression[callee.name='readConfig']) > MemberExpression[object.name='process'][property.name='env']",
    message: 'src/config is the only reader of the environment: add the variable there.',
  },
];

const forbidInSource = (...bans) => ['error', ...bansEverywhere, ...bans.flat()];

export default defineConfig(
  globalIgnores(['**/dist', 'dist.next', 'dist.old', 'coverage', 'test-results', '.data', 'dashboard/generated']),
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      // Refusing control characters is what such expressions are for.
      'no-control-regex': 'off',
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Nest's modules are classes whose whole meaning is their decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      // What was caught elsewhere is passed on as it is; throwing anything made here but an Error is banned below.
      '@typescript-eslint/only-throw-error': 'off',
      // Answers are plain objects typed by their DTO classes, which carry nothing but decorators.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      // An implementation of an asynchronous port need not wait for anything.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['src/**/*.ts', 'src/**/*.tsx'],
    rules: {
      'no-console': 'error',
      'no-restricted-imports': [
        'error',
        { paths: [{ name: '@nestjs/common', importNames: ['forwardRef'], message: 'A cycle hides a third module.' }] },
      ],
      'no-restricted-syntax': forbidInSource(timeBans, chanceBans, environmentBans),
    },
  },
  {
    // Runs in a browser, whose clock is the one its reader goes by.
    files: ['dashboard/**/*.{ts,tsx}'],
    extends: [reactHooks.configs.flat.recommended],
    rules: { 'no-console': 'error', 'no-restricted-syntax': forbidInSource(chanceBans) },
  },
  {
    files: ['src/common/clock.ts'],
    rules: { 'no-restricted-syntax': forbidInSource(chanceBans, environmentBans) },
  },
  {
    files: ['src/config/**/*.ts'],
    rules: { 'no-restricted-syntax': forbidInSource(timeBans, chanceBans) },
  },
  {
    // What a person started speaks to that person.
    files: ['src/main.ts', 'src/cli/**/*.ts', 'src/demo/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', '**/*.spec.ts'],
    rules: {
      // A test that is wrong about what it got fails, which is all that these rules would prevent.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // `async () => void (await work())` makes a helper return nothing.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      'no-restricted-syntax': ['error', ...bansEverywhere],
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: {
        module: 'writable',
        process: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        fetch: 'readonly',
      },
    },
  },
  {
    files: ['examples/*/public/**/*.js'],
    languageOptions: {
      globals: { document: 'readonly', fetch: 'readonly', navigator: 'readonly', window: 'readonly', URL: 'readonly' },
    },
  },
);
