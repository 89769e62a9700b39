import type { AddressInfo } from 'node:net';
import type { Started } from '@weir/kernel';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string;
  /** The message as it was handed over: headers, an empty line, text. */
  readonly source: string;
}

export interface MailReceiver {
  /** `host:port` */
  readonly address: string;
  readonly mails: readonly ReceivedMail[];
}

/** The SMTP status to answer a mail with; undefined takes it. */
export type MailAnswer = (mail: ReceivedMail, count: number) => number | undefined;

export interface MailReceiverOptions {
  readonly answer?: MailAnswer;
  /** Who may send; anybody without. */
  readonly password?: string;
}

/** An SMTP server on a port of its own that keeps what it gets. */
export async function startMailReceiver(options: MailReceiverOptions = {}): Promise<Started<MailReceiver>> {
  const { answer, password } = options;
  const mails: ReceivedMail[] = [];
  const handlers: SMTPServerOptions = {
    // Plain text over loopback: the built-in certificate would be no secret either.
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    authOptional: password === undefined,
    onAuth(auth, _session, done) {
      if (auth.password === password) done(null, { user: auth.username });
      else done(new Error('wrong password'));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const mail: ReceivedMail = {
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          user: String(session.user ?? ''),
          source: Buffer.concat(chunks).toString('utf8'),
        };
        mails.push(mail);
        const status = answer?.(mail, mails.length);
        done(status === undefined ? null : Object.assign(new Error('not taken'), { responseCode: status }));
      });
    },
  };
  const server = new SMTPServer(handlers);
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    value: { address: `127.0.0.1:${port}`, mails },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
