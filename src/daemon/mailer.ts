// Mails what happens through the relay that the configuration names. Whom and in which words is
// src/director/mail.ts's business.
import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import type { Notice } from '../core/events.ts';
import type { Mail, PlannedMail } from '../director/mail.ts';
import { Deliveries } from './deliveries.ts';

export class Mailer {
  readonly plan: PlannedMail;
  readonly #say: (notice: Notice) => void;
  readonly #mails = new Deliveries<Mail & { date: Date }>(
    (mail, signal) => this.#deliver(mail, signal),
    (why) => this.#sayFailed(why),
  );

  constructor(plan: PlannedMail, say: (notice: Notice) => void) {
    this.plan = plan;
    this.#say = say;
  }

  get isIdle(): boolean {
    return this.#mails.isIdle;
  }

  send(mail: Mail): void {
    this.#mails.add({ ...mail, date: new Date() });
  }

  close(): void {
    this.#mails.close();
  }

  async #deliver(
    { subject, text, date }: Mail & { date: Date },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { to, from = `${userInfo().username}@${hostname()}`, routerId = hostname() } = this.plan;
    try {
      const transport = await this.#transport();
      const headers = { 'X-Mailer': 'lvs-director' };
      const { rejected } = await transport.sendMail({
        from,
        to: [...to],
        subject: `[${routerId}] ${subject}`,
        text,
        date,
        headers,
        signal,
      });
      // The others have it: to try again would tell them twice.
      if (rejected.length > 0) this.#sayFailed(`not for ${rejected.join(', ')}`);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** A connection for each: there are few of them, and hours between two. */
  async #transport() {
    // Most configurations name no relay, and it is loaded by none of them.
    const { createTransport } = await import('nodemailer');
    const { host, port, helo = hostname(), timeoutMs, tls, login } = this.plan;
    return createTransport({
      host,
      port,
      name: helo,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      secure: tls === 'on',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'off',
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(login === undefined
        ? {}
        : { auth: { user: login.user, pass: (await readFile(login.passwordFile, 'utf8')).trimEnd() } }),
    });
  }

  #sayFailed(why: string): void {
    const { host, port } = this.plan;
    const message = `mail by ${host}:${port}: ${why}`;
    this.#say({ event: 'mail.failed', message, fields: { host, why } });
  }
}
