import type { KafkaListener } from './kafka-properties.ts';

export interface KafkaOptions {
  /** Listeners beside PLAINTEXT. Default: none. */
  readonly listeners?: readonly KafkaListener[];
  /** Keeps its configuration and data there, for a later start on them; default a new directory that goes with it. */
  readonly directory?: string;
  /** Added to server.properties. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** A real Apache Kafka broker of its own: a child JVM, or a container. */
export interface KafkaServer {
  /** host:port without TLS and SASL. */
  readonly bootstrap: string;
  /** host:port of a listener that was asked for. */
  address(listener: KafkaListener): string;
  /** The user that PLAIN and SCRAM accept. */
  readonly user: { readonly name: string; readonly password: string };
  /** The certificate of the TLS listeners, PEM; it signed itself. */
  readonly certificate: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again, on the same ports and data. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  continue(): void;
  /** Runs one of Kafka's own command line tools, with `input` on its standard input; gives its standard output. */
  tool(mainClass: string, args: readonly string[], input?: string): Promise<string>;
}
