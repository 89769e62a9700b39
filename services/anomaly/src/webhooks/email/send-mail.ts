import { createTransport } from 'nodemailer';
import type { Mail } from '../formats/mail-of.ts';

export interface MailAccess {
  /** `smtp://` (STARTTLS where offered) or `smtps://`, with user and password where the server asks for them. */
  readonly url: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly timeoutMs: number;
}

const LOOPBACK = /^(localhost|127\.|\[?::1)/;

/** Hands a mail to a server. @throws Error of nodemailer with `responseCode`, or `code` where no answer came. */
export async function sendMail(access: MailAccess, mail: Mail): Promise<void> {
  const { protocol, hostname, port, username, password } = new URL(access.url);
  const secure = protocol === 'smtps:';
  const transport = createTransport({
    host: hostname,
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    // A password goes over no open line.
    requireTLS: password !== '' && !LOOPBACK.test(hostname),
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: access.timeoutMs,
    greetingTimeout: access.timeoutMs,
    socketTimeout: access.timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const { inReplyTo, ...message } = mail;
    const answers = inReplyTo === undefined ? {} : { inReplyTo, references: inReplyTo };
    await transport.sendMail({ from: access.from, to: [...access.to], ...message, ...answers });
  } finally {
    transport.close();
  }
}
