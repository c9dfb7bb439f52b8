export interface KubeconfigFile {
  readonly path: string;
  readonly context?: string;
}
