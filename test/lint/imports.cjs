/**
 * Who may import whom: the floors, rooms and package homes of src/ARCHITECTURE.md as rules.
 * Each is tried by test/lint/imports.test.ts on a small house with one fault in it.
 */

/** From the ground up. A floor may import itself and what is listed before it. */
const FLOORS = ['kernel', 'domain', 'wire', '(storage|sources|workers)', 'services', '(faces|jobs)']
/** Commands, the demo, and every file that sits directly in src/: config, compose, main. */
const ROOF = ['^src/(commands|demo)/', '^src/[^/]+$']

const floorRules = FLOORS.map((floor, index) => ({
  name: `${floor.replace(/[()]/g, '').replaceAll('|', '-')}-know-nothing-above`,
  comment: 'A request goes down as arguments and comes up as a return value; nothing calls up.',
  from: { path: `^src/${floor}/` },
  to: { path: [...FLOORS.slice(index + 1).map((above) => `^src/${above}/`), ...ROOF] },
}))

const strangers = [
  {
    name: 'no-face-knows-another',
    comment: 'Shared edge code sits directly in src/faces/.',
    from: { path: '^src/faces/([^/]+)/' },
    to: { path: '^src/faces/[^/]+/', pathNot: '^src/faces/$1/' },
  },
  {
    name: 'shared-edge-code-knows-no-face',
    from: { path: '^src/faces/[^/]+$' },
    to: { path: '^src/faces/[^/]+/' },
  },
  {
    name: 'faces-and-jobs-go-through-services',
    from: { path: '^src/(faces|jobs)/' },
    to: { path: '^src/(storage|sources|workers)/' },
  },
  {
    name: 'faces-and-jobs-are-strangers',
    from: { path: '^src/(faces|jobs)/' },
    to: { path: '^src/(faces|jobs)/', pathNot: '^src/$1/' },
  },
  {
    name: 'storage-and-sources-are-strangers',
    from: { path: '^src/(storage|sources|workers)/' },
    to: { path: '^src/(storage|sources|workers)/', pathNot: '^src/$1/' },
  },
  {
    name: 'workers-know-wire-and-domain-only',
    from: { path: '^src/workers/' },
    to: { path: '^src/', pathNot: '^src/(workers|wire|domain|kernel)/' },
  },
  {
    name: 'only-the-demo-command-knows-the-demo',
    comment: 'The production image has no src/demo.',
    from: { path: '^src/', pathNot: '^src/(demo/|commands/demo\\.ts$)' },
    to: { path: '^src/demo/' },
  },
  {
    name: 'src-knows-no-tests',
    from: { path: '^src/' },
    to: { path: '^test/' },
  },
]

const IO =
  '^(node:)?(fs|net|tls|dns|dgram|http|https|http2|child_process|cluster|worker_threads|readline|repl|inspector|sqlite|process|os)(/|$)'

const purity = [
  {
    name: 'pure-floors-do-no-io',
    comment: 'kernel, domain and wire are functions of their arguments.',
    from: { path: '^src/(kernel|domain|wire)/' },
    to: { path: IO, dependencyTypes: ['core'] },
  },
]

/** Package: where alone it may be imported. */
const HOMES = {
  '@medplum/(core|definitions)': 'wire/fhir/',
  cockatiel: 'sources/',
  commander: '(commands/|main\\.ts)',
  dcmjs: 'wire/dicom/',
  express: '(faces/|compose|demo/)',
  'fhir-kit-client': 'sources/',
  'graphile-worker': '(jobs/|storage/)',
  helmet: '(faces/|compose)',
  jose: 'wire/oauth/',
  'oidc-provider': '(faces/oauth/|demo/)',
  'openid-client': 'sources/',
  pg: 'storage/',
  'pino(-http)?': 'compose',
  piscina: 'workers/',
  'prom-client': '(faces/operations/|compose)',
  undici: 'sources/',
  ws: 'faces/fhir/',
  '@xmldom/xmldom': 'wire/',
  zod: '(config|wire/)',
}

const homes = Object.entries(HOMES).map(([name, home]) => ({
  name: `${name.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')}-has-one-home`,
  comment: `${name} is imported in src/${home} alone, so that it can be replaced there.`,
  from: { path: '^src/', pathNot: `^src/${home}` },
  to: { path: `(^|/)node_modules/${name}(/|$)`, dependencyTypesNot: ['type-only'] },
}))

const BADLY_NAMED = '^(src|test)/.*[^a-z0-9./-]'

const hygiene = [
  { name: 'no-cycles', from: {}, to: { circular: true } },
  {
    name: 'no-orphans',
    comment: 'A module that nothing imports and that imports nothing is dead or misplaced.',
    from: { orphan: true, path: '^src/', pathNot: '(^src/preflight\\.js|\\.d\\.ts)$' },
    to: {},
  },
  { name: 'every-import-resolves', from: {}, to: { couldNotResolve: true } },
  {
    name: 'src-runs-without-dev-dependencies',
    from: { path: '^src/' },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], dependencyTypesNot: ['type-only'] },
  },
  // Seen from both ends: a rule is asked of an import, and not every file makes or takes one.
  { name: 'file-names-are-kebab-case', from: { path: BADLY_NAMED }, to: {} },
  { name: 'imported-file-names-are-kebab-case', from: {}, to: { path: BADLY_NAMED } },
]

module.exports = {
  forbidden: [...floorRules, ...strangers, ...purity, ...homes, ...hygiene].map((rule) => ({
    severity: 'error',
    ...rule,
  })),
  options: {
    doNotFollow: { path: 'node_modules' },
    // Type imports are imports here: a floor that knows a type from above knows what is above.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      // @medplum/fhirtypes is types and nothing else.
      mainFields: ['module', 'main', 'types'],
    },
  },
}
