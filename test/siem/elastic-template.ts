import { ecsFields } from '#export/ecs/ecs.ts';

type MappedType = 'date' | 'ip' | 'long' | 'boolean' | 'match_only_text' | 'keyword';

/** What is no keyword, by name. */
const types: Readonly<Record<string, MappedType>> = {
  '@timestamp': 'date',
  message: 'match_only_text',
  'event.sequence': 'long',
  'event.severity': 'long',
  'event.start': 'date',
  'event.end': 'date',
  'source.ip': 'ip',
  'source.port': 'long',
  'related.ip': 'ip',
  'countersign.count': 'long',
  'countersign.request.bytes': 'long',
  'countersign.asked.ttl': 'long',
  'countersign.certificate.x509.not_before': 'date',
  'countersign.certificate.x509.not_after': 'date',
  'countersign.certificate.x509.public_key_size': 'long',
  'countersign.revocation.effective': 'date',
  'countersign.revocation.crl_number': 'long',
  'countersign.detection.count': 'long',
  'countersign.detection.overflow': 'boolean',
  'countersign.detection.sequences': 'long',
  'countersign.log.checkpoint_size': 'long',
};
export const typeOf = (field: string): MappedType => types[field] ?? 'keyword';

interface Properties {
  [name: string]: { type: MappedType } | { properties: Properties };
}

/** The index template of examples/siem: each field of ECS that a document has, and nothing else is indexed. */
export function elasticTemplate() {
  return {
    index_patterns: ['logs-countersign.audit-*'],
    data_stream: {},
    priority: 500,
    template: { mappings: { dynamic: false, properties: propertiesOf(ecsFields.map(({ to }) => to)) } },
    _meta: {
      description: 'Records of Countersign in the Elastic Common Schema; made by the program from its own table',
    },
  };
}

function propertiesOf(fields: readonly string[]): Properties {
  const whole: Properties = {};
  for (const field of fields) {
    let at = whole;
    const names = field.split('.');
    for (const name of names.slice(0, -1)) {
      const known = at[name];
      const below: Properties = known !== undefined && 'properties' in known ? known.properties : {};
      at[name] = { properties: below };
      at = below;
    }
    at[names.at(-1) ?? ''] = { type: typeOf(field) };
  }
  return whole;
}
