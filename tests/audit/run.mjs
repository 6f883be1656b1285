// The released audit of GraphQL over HTTP against a running server: prints what does not conform and how many do,
// and fails when any does not, be it a MUST, a SHOULD or a MAY.
import { serverAudits } from 'graphql-http';

const url = process.argv[2];
if (!url) {
  console.error('usage: tests/graphql-audit URL, such as http://localhost:8080/graphql');
  process.exit(2);
}

const audits = serverAudits({ url });
let passed = 0;
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status === 'ok') {
    passed += 1;
  } else {
    console.log(`${audit.id} ${audit.name}\n    ${result.reason}`);
  }
}
console.log(`${passed} of ${audits.length} audits passed`);
process.exitCode = passed === audits.length && audits.length > 0 ? 0 : 1;
