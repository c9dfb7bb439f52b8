/** Contract audit §7.2: golang.org/x/mod's roots over `entry-0` … `entry-7`, by size. */
export const entryRoots: readonly string[] = [
  'QHZrIDNCkCb1PVRQJnmoOXBrR0H43K86i7pfQbX/4HU=',
  'LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=',
  'pkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs=',
  'JWueiCXl03CkrgBdCQHqKRl34pJ/XPjj5yZg3QlRnts=',
  'GqaNMHSQWlgfhMu9D3U3lJBP2ARRvEwT5p2aU7xZUCw=',
  'CHg6Uj0mBIDeLM8JdtdBHtitrwb3XVpd4iVMWPlo7Kk=',
  'kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=',
  '38wTubDKkyxo3j1Z6qqP4mapyAkcAwDoQF6/6w0OWDI=',
];

/** Inclusion of entry 5 in 7, and consistency from 3 to 7, over the same entries. */
export const inclusion5in7: readonly string[] = [
  'GUu1otW9EOXRqm/V1CmAs1bK8dpiPNmYfEv6L4F3Htc=',
  'DP2ldv9LKeozw6/a7tG9Y362VLKKBDAvyrX9fbB4Acw=',
  'JWueiCXl03CkrgBdCQHqKRl34pJ/XPjj5yZg3QlRnts=',
];
export const consistency3to7: readonly string[] = [
  'BJ19zbVrz+vTEzBMmDnxlqPUtu873AsIKY+TrIGR8Kg=',
  'J0ebarMh0u5HdFL2i6UndI6GPK/o+9HfK/idFXDRtpc=',
  'LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=',
  '5CnFtcyqlSPDcpfxhGdm+QMTfoIZXFGZ5r5XEw0QBsg=',
];

/** Entries of the test log of Tessera v1.0.4. */
export const tesseraEntries =
  'one two three four five six seven eit nain ten ileven twelf threeten fourten fivten'.split(' ');

/** What Tessera published at each size: root (base64), SHA-256 (hex) of its bundle and of its tile file. */
export const tesseraFiles: readonly (readonly [
  size: number,
  root: string,
  bundle: string | undefined,
  tile: string | undefined,
])[] = [
  [0, '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=', undefined, undefined],
  [
    1,
    '0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=',
    '217eb5c174b50240976ae2b9b7a2a213c8ebe7f525fde0f0ea7561adcb4794e1',
    'ccfdec58d220e811be8903398a8867fde33e93bba97faecad3315bd7c753bd2f',
  ],
  [
    2,
    'T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=',
    '8d26204429edb13ff9b074af489a8e984bdccb3e0ea2ee1d531d5f19195b7d24',
    '59e16c84b7f06104607760ad7916b9535d578914c7f29ae5f51ad990e6a66113',
  ],
  [
    3,
    'Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=',
    '17872b3223966b3b743f99f79fab73e8d54556aa39adeb6918a5b84da91b9735',
    '6168c234ffb69c4c34476551c18dfc6041752648b15012695bff139659d59c8a',
  ],
  [
    4,
    'zY1lN35vrXYAPixXSd59LsU29xUJtuW4o2dNNg5Y2Co=',
    '0f19d664a8c5a97ae47831b162c04ed6a68de060759cc19cb82085d9bdc58c7c',
    '9959e95e8017bc56a4dbaa0afda926b25a7b54c0ca055cff26f1093ab55f2da1',
  ],
  [
    5,
    'gy5gl3aksFyiCO95a/1vLXz88A3dRq+0l9Sxte8ZqZQ=',
    '22c2e51f0b2aa8e6a9d3770d59942127a28da1376cfab9bec868c4ada07e83b7',
    'cde9addac215d77831b3c28a05c63ee8679350a51760d2a63885af0d178716eb',
  ],
  [
    6,
    'a6sWvsc2eEzmj72vah7mZ5dwFltivehh2b11qwlp5Jg=',
    '51c4a9b199a7272c00d56d4f9e7346ca0ab68549ccd076484c7340a61dadb351',
    '1ef4dd027e37c71ac19b68502238c107b0370b6742119c278fddd0a4b75ed350',
  ],
  [
    7,
    'IrSXADBqJ7EQoUODSDKROySgNveeL6CFhik2w/+fS7U=',
    '545bd03b5a0b5be95070fa06c2acd61bbb80c80702ca68e130fe06dfa289287b',
    '7294908b09b009d5a476bcd8c2086466c4794ceacbc40f556b32280e1a012db4',
  ],
  [
    8,
    'bC+VwvrJbalNVjfkdI8kUgs7mJoXrqiXCE7bgnD28pY=',
    'a4413f345504eb3637bcab7f9f188baaf7efe71fcd9d05cbf1cb9f850bd23aeb',
    '92b3acf68d583ef1bfb61cf39bf9e89ff3cbe3e19f39fc698f50c91ab6360e59',
  ],
  [
    9,
    'CvhHViE3S9E3htHLR+25mapWoGCJ3WckMq1UtC3VmEY=',
    'eda107446820475a7382b1f3c34e0cb6833cbb976b183dd11de46ba607b9bff8',
    '0acd41c3ef3e5db1efbcf9952282808aeedd41d12bd410d9e24395a0750e66c0',
  ],
  [
    10,
    'y8/gZsZCtitsMan09tY+k8I7Qpr7Y5fbO2tLi9GQnfU=',
    '81330784e6e1b74137a76d17f894317e622a918a8a91c6c7005f228ae431f488',
    '6dcd13cc0a93d63bf0867206365aaf370de67c8f5488b149bc5e9f3925d86b54',
  ],
  [
    11,
    'Yok1cS5VdokGLBy73BC2I16b3atss6KBN9jnIi6Fz/A=',
    'e4391087ee6b8f34bb4bdb292a590cbeb410f3ea03e60bb6d04fbd10448b322d',
    'a17105d6da8c53a8051d85b9fbe52dc887478ec71aa61aa6601720b3e385d32f',
  ],
  [
    12,
    'uZo6M+IhVna+CLgWCrJs0xBPUHbozHkYTQASduHSLME=',
    'cbb703dd472823ec9c870229060474365f5f92f7ea1a4587541a72def784e5a3',
    '9b8621625e84f41ca91f60c2c9068eefa2f7df8a4732a3da17c81c7ead22c7b7',
  ],
  [
    13,
    'av0kLH0VkkVDrTuZzBGIx7d9z5G1l/GlKz/nAV/8woQ=',
    '0a0c8b26118fd8cc64c942ce11580a967c49bb494b931db9d8040736f4b8596a',
    'e0e226249b7c08f78b9f20f1ec08dc2f625867632c4240e843b091480aa3820b',
  ],
  [
    14,
    'SvCd38yNade7xEPY1a/aAc1M3A2AHYVF8lIiUnsH1ao=',
    'bb309a3d4f081ad2cafac932239a831a22eb8c839497f1d2ec383ef69da23927',
    '014a1bdd661336c4d00606431741c06d18fd02e9f5de72e020e794d9c84dfda5',
  ],
  [
    15,
    'rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=',
    '9ac6a9fc9012f2b4d67ac26041933c119e1505defc5c808ed614c5778c9f1716',
    '93593af14d2cce39867d2e73fe4ca400a38581605c5c4501a03e752d9b51a130',
  ],
];
