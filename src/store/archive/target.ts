/** A place that takes files and never changes one. */
export interface ArchiveTarget {
  /** Where it is, for messages and records; nothing secret. */
  readonly name: string;
  /**
   * Resolves once these octets stand durably under the path, read back or vouched for by their SHA-256. The same octets may
   * be put again. Rejects with ArchiveConflict where others stand there, with anything else where it may be tried again.
   */
  put(path: string, octets: Uint8Array): Promise<void>;
}

/** Something else stands where a file of the log belongs; it is not touched. */
export class ArchiveConflict extends Error {
  override readonly name = 'ArchiveConflict';
}
