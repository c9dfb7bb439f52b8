export interface TelemetryConfig {
  readonly logs: {
    readonly format: 'auto' | 'json' | 'text';
    readonly level: 'debug' | 'info' | 'warn' | 'error';
  };
  readonly tracing?: { readonly endpoint: string; readonly sampleRatio: number };
}
