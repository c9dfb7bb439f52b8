import { beforeAll, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { createNamespace, createServiceAccount } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';

const initialEventsEnd = 'k8s.io/initial-events-end';
const version = (object: unknown) => String(at(object, 'metadata', 'resourceVersion'));

describeWith(['control-plane'], 'watches of a real API server', () => {
  let cluster: ControlPlane;
  let namespace: string;
  let accounts: string;

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    namespace = await createNamespace(cluster.admin);
    accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  });

  it('tell what changed since a list', async () => {
    const since = version(await cluster.admin.get(accounts));
    const events = cluster.admin.watch(`${accounts}?watch=true&resourceVersion=${since}`);
    const first = events.next();
    const { name, uid } = await createServiceAccount(cluster.admin, namespace);
    expect((await first).value).toMatchObject({ type: 'ADDED', object: { metadata: { name, uid } } });
    await cluster.admin.delete(`${accounts}/${name}`);
    expect((await events.next()).value).toMatchObject({ type: 'DELETED', object: { metadata: { name, uid } } });
    await events.return(undefined);
  });

  it('end with a bookmark of the version that the whole kind has come to, and cleanly after their time', async () => {
    const since = version(await cluster.admin.get(accounts));
    const query = `watch=true&resourceVersion=${since}&allowWatchBookmarks=true&timeoutSeconds=8`;
    const events = cluster.admin.watch(`${accounts}?${query}`);
    const first = events.next();
    await createServiceAccount(cluster.admin, namespace);
    const added = (await first).value;
    expect(added).toMatchObject({ type: 'ADDED' });
    // Nothing that this watch shows; and a bookmark comes only when there is something newer to say.
    await createServiceAccount(cluster.admin, await createNamespace(cluster.admin));
    const bookmark = (await events.next()).value;
    expect(bookmark).toMatchObject({ type: 'BOOKMARK', object: { kind: 'ServiceAccount' } });
    expect(version(at(bookmark, 'object'))).not.toBe(version(at(added, 'object')));
    let end = await events.next();
    while (end.done !== true) end = await events.next();
    expect(end.value).toBeUndefined();
  });

  it('begin with all there is and a bookmark that says so, where initial events are asked for', async () => {
    const { name } = await createServiceAccount(cluster.admin, namespace);
    const query =
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=20';
    const names: unknown[] = [];
    for await (const event of cluster.admin.watch(`${accounts}?${query}`)) {
      if (at(event, 'object', 'metadata', 'annotations', initialEventsEnd) === 'true') {
        expect(at(event, 'type')).toBe('BOOKMARK');
        break;
      }
      expect(at(event, 'type')).toBe('ADDED');
      names.push(at(event, 'object', 'metadata', 'name'));
    }
    expect(names).toContain(name);
  });
});
