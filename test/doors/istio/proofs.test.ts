import { status } from '@grpc/grpc-js';
import { beforeAll, expect, it } from 'vitest';
import { encodeRequest } from './codec.ts';
import { type Mesh, makeMesh, openDoor, path, tsClient } from './fixture.ts';

let mesh: Mesh;
beforeAll(async () => {
  mesh = await makeMesh();
});

const request = encodeRequest({ csr: 'PEM', validity_duration: '3600' });
const name = 'countersign-tlog-proof-bin';

it('a proof of the log comes in the trailers of whoever asked for one, and of nobody else', async () => {
  const asked: number[] = [];
  // as large as one gets: an entry of 16 KiB in base64
  const proof = 'é'.repeat(12_000);
  const of = async (index: number) => {
    asked.push(index);
    return proof;
  };
  await using open = await openDoor(mesh, { proofs: { of } });
  using client = tsClient(open);
  const plain = await client.call(request);
  expect(plain.code).toBe(status.OK);
  expect(plain.trailers.get(name)).toEqual([]);
  const proven = await client.call(request, [['countersign-proof', 'trailer']], path);
  expect(proven.code).toBe(status.OK);
  expect(proven.body).toEqual(plain.body);
  expect(proven.trailers.get(name).map(String)).toEqual([proof]);
  expect(asked).toEqual([mesh.issued.facts.leafIndex]);
});

it('a certificate goes out without its proof where there is none to be had', async () => {
  await using open = await openDoor(mesh, { proofs: { of: () => Promise.reject(new Error('nothing is published')) } });
  using client = tsClient(open);
  const answer = await client.call(request, [['countersign-proof', 'trailer']]);
  expect([answer.code, answer.trailers.get(name)]).toEqual([status.OK, []]);
  expect(answer.body).toBeDefined();
});
