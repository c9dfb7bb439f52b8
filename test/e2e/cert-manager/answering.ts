import { installKinds } from '#test/support/control-plane/cert-manager.ts';
import { at } from '#test/support/control-plane/client.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import { installIssuerKinds } from '#test/support/control-plane/issuer-kinds.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import type { Seen } from '#test/support/control-plane/unruly-proxy.ts';
import { endsIn, type LogRecord } from '#test/support/records.ts';
import { Replica, type ReplicaOptions } from './replica.ts';
import { Requests } from './requests.ts';

/** With the kinds of cert-manager and ours, and nobody who answers. */
export async function startCluster(): Promise<Cluster> {
  const cluster = await Cluster.start();
  await installKinds(cluster.admin);
  await installIssuerKinds(cluster.admin);
  return cluster;
}

/** A cluster of its own without cert-manager's controllers, so without a webhook too, and one server that answers there. */
export interface Answering extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly replica: Replica;
  /** In a namespace that has the Issuer `mesh`, which is ready. */
  readonly requests: Requests;
}

export async function startAnswering(options: Omit<ReplicaOptions, 'namespace'> = {}): Promise<Answering> {
  await using opened = new AsyncDisposableStack();
  const cluster = opened.use(await startCluster());
  const namespace = await createNamespace(cluster.admin, { prefix: 'shop' });
  const replica = opened.use(await Replica.start(cluster, { ...options, namespace }));
  const requests = new Requests(cluster.admin, namespace);
  await requests.issuer('mesh');
  await requests.ready('mesh');
  const rest = opened.move();
  return { cluster, replica, requests, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

/** What a replica's log says was issued for the request of that UID. */
export const issuedFor = ({ running }: Replica, uid: string): LogRecord[] =>
  endsIn(running.records).filter(({ type, request }) => type === 'certificate.issued' && at(request, 'id') === uid);

/** A call that writes the status of a request. */
export const isStatusWrite = ({ method, path }: Seen): boolean =>
  method === 'PATCH' && /\/certificaterequests\/[^/]+\/status$/.test(path);
