/**
 * What review should not have to say. Sizes and rules are those of src/ARCHITECTURE.md; formatting is
 * Prettier's and imports are dependency-cruiser's (test/lint/imports.cjs).
 */
import tseslint from 'typescript-eslint'

const NO_MODULE_STATE = {
  selector: ':matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration[kind="let"]',
  message: 'State has an owner: make it inside a factory.',
}
const CLOCK = [
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]' },
  { selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]' },
  { selector: 'CallExpression[callee.name="Date"]' },
].map((rule) => ({ ...rule, message: 'Time comes in as an argument here.' }))

const SIZES = {
  'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
  'max-params': ['error', 4],
  'max-depth': ['error', 3],
  complexity: ['error', { max: 12, variant: 'classic' }],
}

const LANGUAGE = {
  eqeqeq: ['error', 'always'],
  'func-style': ['error', 'declaration', { allowArrowFunctions: true }],
  'no-console': 'error',
  'no-param-reassign': 'error',
  'no-restricted-exports': [
    'error',
    {
      restrictDefaultExports: {
        direct: true,
        named: true,
        defaultFrom: true,
        namedFrom: true,
        namespaceFrom: true,
      },
    },
  ],
  'no-restricted-imports': [
    'error',
    {
      paths: [
        { name: 'node:process', importNames: ['env'], message: 'Configuration is src/config.ts.' },
      ],
    },
  ],
  'no-restricted-properties': [
    'error',
    { object: 'process', property: 'env', message: 'Configuration is src/config.ts.' },
  ],
  'no-restricted-syntax': ['error', NO_MODULE_STATE],
  'object-shorthand': 'error',
  'prefer-template': 'error',
}

const TYPES = {
  '@typescript-eslint/consistent-type-assertions': [
    'error',
    { assertionStyle: 'as', objectLiteralTypeAssertions: 'never' },
  ],
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/explicit-module-boundary-types': 'error',
  '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
  '@typescript-eslint/no-non-null-assertion': 'error',
  '@typescript-eslint/no-unused-vars': [
    'error',
    { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
  ],
  // An async function without await still turns a throw into a rejection, which its type promises.
  '@typescript-eslint/require-await': 'off',
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
  // What looks like a method is a closure of the factory that made it: there is no `this` to lose.
  '@typescript-eslint/unbound-method': 'off',
  '@typescript-eslint/switch-exhaustiveness-check': [
    'error',
    { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
  ],
}

/** node:test hands back promises that the runner itself awaits. */
const RUNNER = ['test', 'it', 'describe', 'suite', 'before', 'after', 'beforeEach', 'afterEach']

const TEST_RULES = {
  ...SIZES,
  'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': 'off',
  'no-console': 'off',
  'no-restricted-properties': 'off',
  'no-restricted-imports': 'off',
  'no-restricted-syntax': 'off',
  '@typescript-eslint/explicit-module-boundary-types': 'off',
  // What comes back over a socket is untyped until it is asserted on.
  '@typescript-eslint/no-explicit-any': 'off',
  '@typescript-eslint/no-unsafe-argument': 'off',
  '@typescript-eslint/no-unsafe-assignment': 'off',
  '@typescript-eslint/no-unsafe-call': 'off',
  '@typescript-eslint/no-unsafe-member-access': 'off',
  '@typescript-eslint/no-unsafe-return': 'off',
  '@typescript-eslint/no-floating-promises': [
    'error',
    { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: RUNNER }] },
  ],
}

/** Globals by which a pure floor would reach the world without an import. */
const WORLD = ['process', 'fetch', 'setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
  name,
  message: 'This floor is pure: what it needs comes in as an argument.',
}))

export default tseslint.config(
  { ignores: ['node_modules/', 'coverage/', '.samsyn/', 'tmp/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: { ...SIZES, ...LANGUAGE, ...TYPES },
  },
  {
    files: ['src/{kernel,domain,wire}/**/*.ts'],
    rules: { 'no-restricted-globals': ['error', ...WORLD] },
  },
  {
    files: ['src/{domain,wire,storage}/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', NO_MODULE_STATE, ...CLOCK] },
  },
  {
    files: ['src/config.ts'],
    rules: { 'no-restricted-properties': 'off', 'no-restricted-imports': 'off' },
  },
  {
    // What is put together has the types of its parts, each of which says what it is.
    files: ['src/compose-*.ts', 'src/services/make-subscriptions.ts'],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
  { files: ['src/{commands,demo}/**/*.ts'], rules: { 'no-console': 'off' } },
  // Tables of data: rows, no rules.
  { files: ['src/**/*-table.ts'], rules: { 'max-lines': 'off' } },
  { files: ['test/**/*.ts'], rules: TEST_RULES },
  {
    // Plain JavaScript that has to run on an older Node, or is read by a tool as it is.
    files: ['**/*.{js,cjs}'],
    extends: [tseslint.configs.base],
    rules: { ...SIZES, eqeqeq: ['error', 'always'], 'object-shorthand': 'error' },
  },
)
