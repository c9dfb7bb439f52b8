import { readFile } from 'node:fs/promises';
import { relayIssuer } from '#authority/relay-issuer.ts';
import type { CertManagerIssuerConfig } from '#config/sections/issuers.ts';
import type { LiveIssuer, SigningIssuer } from '#issuance/live-issuer.ts';
import type { OutsideIssuer } from '#issuance/ports.ts';
import { BackOff } from '#kubernetes/back-off.ts';
import { type Pace, pause, systemPace } from '#kubernetes/pace.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Logger } from '#telemetry/log/logger.ts';
import type { IssuerReference } from '#upstream/issuer-reference.ts';
import { type OpenRequests, openRequests } from './certificate-requests.ts';
import type { Foundation } from './foundation.ts';
import { obtainIssuer } from './obtain-issuer.ts';
import type { IssuerSurroundings, OpenIssuer } from './open-issuer.ts';

export interface UpstreamParts {
  readonly config: CertManagerIssuerConfig;
  readonly requests: OpenRequests;
  /** An intermediate, on the record. */
  readonly obtain: (signal: AbortSignal) => Promise<OpenIssuer>;
  readonly pace: Pace;
  readonly logger: Logger;
}

/** What becomes of it, put to use and on the record. */
export interface UpstreamUse {
  adopt(opened: OpenIssuer): Promise<void>;
  relay(live: LiveIssuer): Promise<void>;
  /** Another issuer is named: what it signs may end in other roots. */
  named(): void;
}

/** ms between tries: soon at first, and never so often that a long outage fills the log. */
const retry = { firstMs: 1_000, mostMs: 300_000 };
/** With fewer seconds to live, a renewal would follow the other as fast as it goes. */
const shortestWait = 60;
/** Part of its life at the end of which an intermediate gives way to relaying, where no other is to be had. */
const lastPart = 0.1;
const longestPauseMs = 86_400_000;

const notYet: OutsideIssuer = {
  request: () => Promise.reject(new Refusal('issuer.unavailable', 'the certificate of this issuer is not there yet')),
};

/**
 * An issuer that somebody else's CA stands behind, from nothing at all to an intermediate of ours, kept fresh, or to
 * relaying. While there is nothing it refuses for the moment; it never makes anybody wait.
 */
export class UpstreamIssuer {
  readonly #parts: UpstreamParts;
  readonly #stopping = new AbortController();
  readonly #backOff: BackOff;
  #wake = new AbortController();
  #running: Promise<void> | undefined;
  #current: SigningIssuer | undefined;
  #relays: boolean;

  constructor(parts: UpstreamParts) {
    this.#parts = parts;
    this.#backOff = new BackOff(retry, parts.pace);
    this.#relays = parts.config.way === 'relay';
  }

  /** Whether each certificate goes through it. */
  get relays(): boolean {
    return this.#relays;
  }

  get name(): string {
    return this.#parts.config.name;
  }

  /** What stands in for it until there is more. Rejects with IssuerError for roots that are none. */
  first(): Promise<LiveIssuer> {
    return this.#relay(this.#relays ? this.#parts.requests : notYet);
  }

  get named(): IssuerReference | undefined {
    return this.#parts.requests.named;
  }

  onNamed(follow: () => void): void {
    this.#parts.requests.onNamed(follow);
  }

  /** Nobody has named an issuer yet, and that is all that is missing. */
  get awaitsName(): boolean {
    return this.#current === undefined && this.#parts.requests.named === undefined;
  }

  /** Why nothing can be signed at present. */
  get missing(): string | undefined {
    if (this.#relays || this.awaitsName) return undefined;
    if (this.#current === undefined) return 'the intermediate is not there yet';
    return this.#current.facts.notAfter < this.#now ? 'the intermediate has ended' : undefined;
  }

  start(use: UpstreamUse): void {
    this.#parts.requests.onNamed(() => {
      this.#wake.abort();
      if (this.#relays) use.named();
    });
    if (this.#parts.config.way !== 'relay') this.#running ??= this.#run(use);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Refusal('draining', 'this server is being stopped'));
    this.#wake.abort();
    await this.#running;
    await this.#parts.requests.stop();
  }

  async #run(use: UpstreamUse): Promise<void> {
    const { pace } = this.#parts;
    while (!this.#stopping.signal.aborted) {
      this.#wake = new AbortController();
      const { signal } = this.#wake;
      const due = pace.now() + (await this.#turn(use));
      while (!signal.aborted && pace.now() < due) {
        await pause(pace, Math.min(due - pace.now(), longestPauseMs), signal);
      }
    }
  }

  /** ms until the next one. */
  async #turn(use: UpstreamUse): Promise<number> {
    const { requests, obtain } = this.#parts;
    if (requests.named === undefined) return Number.POSITIVE_INFINITY;
    try {
      const opened = await obtain(this.#stopping.signal);
      await use.adopt(opened);
      this.#current = opened.live;
      this.#relays = false;
      this.#backOff.reset();
      return Math.max(shortestWait, this.#dueAt(opened.live) - this.#now) * 1000;
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return 0;
      try {
        return (await this.#afterNo(thrown, use)) ?? this.#afterFault(thrown);
      } catch (worse) {
        return this.#afterFault(worse);
      }
    }
  }

  #dueAt({ facts }: SigningIssuer): number {
    return facts.notBefore + (facts.notAfter - facts.notBefore) * this.#parts.config.intermediate.renewAt;
  }

  /** An issuer that signs no CA is relayed to, until another is named; undefined where that is not to be done. */
  async #afterNo(thrown: unknown, use: UpstreamUse): Promise<number | undefined> {
    const { config, requests, logger } = this.#parts;
    if (config.way !== 'either' || !(thrown instanceof Refusal) || thrown.code !== 'issuer.denied') return undefined;
    if (this.#servesOn()) return undefined;
    logger.warn('the issuer signs no CA certificate for us: each certificate is relayed to it', {
      issuer: config.name,
      reason: thrown.message,
    });
    if (!this.#relays) await use.relay(await this.#relay(requests));
    this.#relays = true;
    this.#current = undefined;
    return Number.POSITIVE_INFINITY;
  }

  #servesOn(): boolean {
    if (this.#current === undefined) return false;
    const { notBefore, notAfter } = this.#current.facts;
    return notAfter - this.#now > (notAfter - notBefore) * lastPart;
  }

  #afterFault(error: unknown): number {
    const ms = this.#backOff.next();
    const { config, logger } = this.#parts;
    const words =
      this.#current === undefined
        ? 'an intermediate could not be had; it is tried again'
        : 'an intermediate could not be renewed; the old one stays in use';
    logger.error(words, { issuer: config.name, ms, error });
    return ms;
  }

  async #relay(outside: OutsideIssuer): Promise<LiveIssuer> {
    const { name, roots: file } = this.#parts.config;
    const roots = file !== undefined && { roots: { pem: await readFile(file, 'utf8'), place: `roots (${file})` } };
    return relayIssuer({ name, outside, ...roots }, this.#now);
  }

  /** Seconds since the epoch. */
  get #now(): number {
    return Math.floor(this.#parts.pace.now() / 1000);
  }
}

/** Nothing is asked for yet. Throws where we are nobody at the API server. */
export function openUpstream(
  config: CertManagerIssuerConfig,
  foundation: Foundation,
  around: IssuerSurroundings,
): UpstreamIssuer {
  const { logger } = foundation;
  const { name: issuer, roots } = config;
  if (roots === undefined) {
    logger.warn('no roots are configured: what the issuer names as its CA is trusted, whoever could change that', {
      issuer,
    });
  }
  const requests = openRequests(config, foundation);
  const obtain = (signal: AbortSignal) => obtainIssuer(config, requests, around, signal);
  return new UpstreamIssuer({ config, requests, obtain, pace: systemPace, logger });
}
