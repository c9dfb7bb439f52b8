/** Formats whose rows stand for themselves: what a sink can be given. Names are part of the interface: add, never rename. */
export const rowFormatNames = ['jsonl', 'csv', 'ocsf', 'ecs', 'cef', 'otlp', 'otlp-proto'] as const;
export type RowFormatName = (typeof rowFormatNames)[number];

export const formatNames = [...rowFormatNames, 'parquet'] as const;
export type FormatName = (typeof formatNames)[number];
