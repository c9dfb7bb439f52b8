import type { EventType } from '#audit/event.ts';
import type { RemoteListener } from '#authn/remote/remote-clusters.ts';
import type { Whereabouts } from '#authn/remote/whereabouts.ts';
import type { AuditLog } from '#issuance/ports.ts';
import { appendAside } from './events.ts';
import type { Foundation } from './foundation.ts';

/**
 * What becomes of remote clusters: logged and, since whoever changes one decides who is whom, recorded. A crash before
 * the record leaves none; the next start records every cluster that it comes to know.
 */
export class RemoteClusterNews implements RemoteListener {
  readonly #foundation: Foundation;
  readonly #log: AuditLog;
  readonly #underWay = new Set<Promise<void>>();

  constructor(foundation: Foundation, log: AuditLog) {
    this.#foundation = foundation;
    this.#log = log;
  }

  added(id: string, secret: string, where: Whereabouts): void {
    this.#foundation.logger.info('a remote cluster is known from now on', of(id, secret));
    this.#record('cluster.added', id, secret, where);
  }

  changed(id: string, secret: string, where: Whereabouts, awaits: string | undefined): void {
    this.#foundation.logger.info('the kubeconfig of a remote cluster has changed', {
      ...of(id, secret),
      reason: awaits,
    });
    this.#record('cluster.changed', id, secret, where);
  }

  removed(id: string, secret: string): void {
    this.#foundation.logger.info('a remote cluster is not known any more', of(id, secret));
    this.#record('cluster.removed', id, secret);
  }

  refused(id: string, secret: string, reason: string): void {
    this.#foundation.logger.warn('the kubeconfig of a remote cluster is refused; one that was in use stays', {
      ...of(id, secret),
      reason,
    });
  }

  /**
   * Resolves when all that was told until now is recorded, or could not be. To be waited for before Secrets are looked at
   * again: however fast they change, no more is under way than one look makes.
   */
  async recorded(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #record(type: EventType, cluster: string, secret: string, where?: Whereabouts): void {
    const change = { content: { cluster, ...where }, kind: 'remote-cluster', source: `Secret ${secret}` };
    const { events, logger } = this.#foundation;
    const told = appendAside(this.#log, events.of(type, { change }), logger, type).finally(() =>
      this.#underWay.delete(told),
    );
    this.#underWay.add(told);
  }
}

const of = (cluster: string, secret: string) => ({ cluster, component: `Secret ${secret}` });
