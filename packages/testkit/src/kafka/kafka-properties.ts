/** How clients may reach the broker, beside plain text: over TLS, with SASL, or both. */
export type KafkaListener = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';

export interface KafkaPorts {
  readonly controller: number;
  readonly listeners: Readonly<Partial<Record<KafkaListener, number>>>;
}

export interface PropertiesOptions {
  readonly dataDirectory: string;
  readonly ports: KafkaPorts;
  /** A PEM file with the private key and the certificate; needed for the TLS listeners. */
  readonly pemFile: string;
  /** Accepted by SASL PLAIN; SCRAM users are put into the data directory when it is formatted. */
  readonly user: { readonly name: string; readonly password: string };
  readonly overrides: Readonly<Record<string, string>>;
}

/** One node that settles quickly, whatever it runs in. */
export const TEST_PROPERTIES = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  'auto.create.topics.enable': 'false',
  // Groups settle quickly, and a member may be taken for dead quickly.
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '100',
  // After a SIGKILL the controller takes the broker back when the session of its former life is over.
  'broker.session.timeout.ms': '2000',
  'broker.heartbeat.interval.ms': '300',
  'offsets.topic.num.partitions': '2',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.num.partitions': '2',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
} as const;

/** server.properties of one KRaft node that is broker and controller. */
export function kafkaProperties(options: PropertiesOptions): string {
  const { ports, user } = options;
  const listeners = Object.entries(ports.listeners).map(([name, port]) => `${name}://127.0.0.1:${port}`);
  const properties: Record<string, string> = {
    ...TEST_PROPERTIES,
    'log.dirs': options.dataDirectory,
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${ports.controller}`].join(),
    'advertised.listeners': listeners.join(),
    'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,${Object.keys(ports.listeners)
      .map((name) => `${name}:${name}`)
      .join()}`,
  };
  if (Object.keys(ports.listeners).some((name) => name.endsWith('SSL'))) {
    properties['ssl.keystore.type'] = 'PEM';
    properties['ssl.keystore.location'] = options.pemFile;
  }
  for (const name of Object.keys(ports.listeners)) {
    if (name.startsWith('SASL')) Object.assign(properties, saslProperties(name.toLowerCase(), user));
  }
  return Object.entries({ ...properties, ...options.overrides })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function saslProperties(listener: string, user: PropertiesOptions['user']): Record<string, string> {
  const prefix = `listener.name.${listener}`;
  const common = 'org.apache.kafka.common.security';
  const scram = `${common}.scram.ScramLoginModule required;`;
  return {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    [`${prefix}.plain.sasl.jaas.config`]: `${common}.plain.PlainLoginModule required user_${user.name}="${user.password}";`,
    [`${prefix}.scram-sha-256.sasl.jaas.config`]: scram,
    [`${prefix}.scram-sha-512.sasl.jaas.config`]: scram,
    // The broker's own validator of unsigned tokens: enough to see that a token is asked for and sent.
    [`${prefix}.oauthbearer.sasl.jaas.config`]: `${common}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  };
}
