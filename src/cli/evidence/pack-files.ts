/** Where everything lies in a pack. */
export const packFiles = {
  checkpoint: 'checkpoint',
  evidence: 'evidence.json',
  schema: 'evidence.schema.json',
  html: 'index.html',
  pdf: 'evidence.pdf',
  sums: 'SHA256SUMS',
  kept: (size: number) => `kept/${size}.checkpoint`,
  rows: (query: string) => `rows/${query}.jsonl`,
  hashes: (query: string) => `rows/${query}.hashes`,
  proof: (index: number) => `proofs/${index}.tlog-proof`,
} as const;
