/** What this door shows of the house. All of it answers from memory, save the published files. */
export interface AdminParts {
  readonly metrics: MetricsView;
  readonly health: HealthView;
  /** Folder that the log is published to. */
  readonly published: string;
  /** Whether so many entries are published there, as soon as they are; at once for more than the log has. False once the signal says so. */
  readonly covered?: (size: number, signal: AbortSignal) => Promise<boolean>;
  readonly version: Readonly<Record<string, string>>;
}

interface MetricsView {
  readonly contentType: string;
  render(): Promise<string>;
}

interface HealthView {
  liveness(): HealthReport;
  readiness(): HealthReport;
}

export interface HealthReport {
  readonly ok: boolean;
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly reason?: string;
    /** ms since the epoch. */
    readonly since: number;
  }[];
}
