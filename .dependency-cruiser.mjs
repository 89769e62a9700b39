const services = 'ingress|cost|anomaly|loader|exporter|console|tracer';

/** A vendor SDK lives in one folder: swapping it touches that folder only. */
const oneFolder = (sdk, folder) => ({
  name: `only-${folder.replaceAll(/[^a-z]+/g, '-')}-imports-${sdk.replaceAll(/[^a-z]+/g, '-')}`,
  comment: `Import ${sdk} in ${folder} only; elsewhere use the port.`,
  severity: 'error',
  from: { path: '^(packages|services)/', pathNot: [`^(${folder})`, '\\.test\\.ts$', '^packages/testkit/'] },
  to: { path: `node_modules/${sdk}/` },
});

/** Tiers: a package imports lower tiers only. */
const tier = (name, members, allowed) => ({
  name: `tier-${name}`,
  comment: `packages/{${members}} may import only packages/{${allowed}}; move the code down, or pass it in as an argument.`,
  severity: 'error',
  from: { path: `^packages/(${members})/`, pathNot: '\\.test\\.ts$' },
  to: { path: '^(packages|services)/', pathNot: [`^packages/(${allowed})/`, `^packages/$1/`] },
});

export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Break the cycle: pass the dependency in.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'declared-dependencies-only',
      comment: 'Declare it in the package.json of the package that imports it.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    tier('0', 'kernel', 'kernel'),
    tier('1', 'usage|telemetry|config|reconcile', 'kernel'),
    tier('1-pure', 'providers|pricing|detectors', 'kernel|usage'),
    tier('2', 'events|event-log|warehouse|object-store|redis-client', 'kernel|usage'),
    tier('3', 'shared-state|response-cache', 'kernel|event-log|redis-client'),
    {
      name: 'services-never-import-services',
      comment: 'Services share schemas/ and the log, nothing else. Move shared code to a package.',
      severity: 'error',
      from: { path: `^services/(${services})/` },
      to: { path: `^services/(${services})/`, pathNot: '^services/$1/' },
    },
    {
      name: 'services-import-no-cli',
      comment: 'packages/weir composes services; it is above them.',
      severity: 'error',
      from: { path: '^(services|packages/(?!weir/))' },
      to: { path: '^packages/weir/' },
    },
    {
      name: 'no-reach-through',
      comment: 'Import a package by its name and exports, not by its files.',
      severity: 'error',
      from: { path: '^(packages|services)/([^/]+)/' },
      to: {
        path: '^(packages|services)/[^/]+/src/',
        pathNot: ['^$1/$2/', '/src/index[.]ts$', '/src/testing/index[.]ts$', '/src/drivers/[^/]+/index[.]ts$'],
      },
    },
    {
      name: 'pure-packages-do-no-io',
      comment: 'usage, providers, pricing, detectors take bytes and time as arguments; I/O belongs to a service.',
      severity: 'error',
      from: {
        path: '^packages/(usage|providers|pricing|detectors|reconcile)/src/',
        pathNot: ['\\.test\\.ts$', '/src/testing/'],
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'drivers-only-from-composition-roots',
      comment: 'Only main.ts, service.ts and packages/weir choose a driver; everything else sees the port.',
      severity: 'error',
      from: {
        path: '^(packages|services)/([^/]+)/',
        pathNot: [
          '/src/(main|service)\\.ts$',
          '^packages/weir/',
          '\\.test\\.ts$',
          '/src/testing/',
          '^packages/[^/]+/src/drivers/',
        ],
      },
      to: { path: '/src/drivers/' },
    },
    {
      name: 'testkit-not-in-production',
      comment: 'Only tests, benches and the demo of packages/weir use the testkit.',
      severity: 'error',
      from: { path: '^(packages|services)/', pathNot: ['^packages/(testkit|weir)/', '\\.test\\.ts$', '/src/testing/'] },
      to: { path: ['^packages/testkit/', '/src/testing/'], pathNot: '^$0' },
    },
    oneFolder('avsc', 'packages/events'),
    oneFolder('lmdb', 'packages/event-log/src/drivers/embedded'),
    oneFolder('kafkajs', 'packages/event-log/src/drivers/kafka'),
    oneFolder('chdb', 'packages/warehouse/src/drivers/chdb'),
    oneFolder('@clickhouse/client', 'packages/warehouse/src/drivers'),
    oneFolder('@aws-sdk/client-s3', 'packages/object-store/src/drivers/s3'),
    oneFolder('undici', 'services/ingress'),
    oneFolder('@redis/client', 'packages/redis-client'),
    oneFolder('@smithy/signature-v4', 'services/ingress/src/identity'),
    oneFolder('pino', 'packages/telemetry'),
    oneFolder('prom-client', 'packages/telemetry'),
    oneFolder('nodemailer', 'services/anomaly/src/webhooks/email'),
    oneFolder('ajv', 'packages/config'),
    oneFolder('yaml', 'packages/config'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(data|fixtures)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
