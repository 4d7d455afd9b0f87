// Reads {document, answers: [{path, method, status, body}]} and says what is wrong with either; nothing: [].
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import { readFileSync } from "node:fs";

const { document, answers } = JSON.parse(readFileSync(0, "utf8"));
const wrong = [];
const found = await new Validator().validate(structuredClone(document));
if (!found.valid) wrong.push(found.errors);
const ajv = new Ajv({ strict: false });
// The document is open for what a site adds; the answers here have nothing that it does not say.
const closed = structuredClone(document);
for (const schema of Object.values(closed.components.schemas)) schema.additionalProperties ??= false;
ajv.addSchema({ ...closed, $id: "openapi" });
for (const { path, method, status, body } of answers) {
	const said = document.paths[path][method].responses[status];
	const pointer = said?.$ref ?? `#/paths/${path.replaceAll("/", "~1")}/${method}/responses/${status}`;
	const schema = `openapi${pointer}/content/application~1json/schema`.replace(/[{}]/g, encodeURIComponent);
	if (said === undefined) wrong.push(`${path}: ${status} is not described`);
	else if (said.$ref === undefined && said.content === undefined) {
		if (body !== null) wrong.push(`${path}: ${status} has a body`);
	} else if (!ajv.validate({ $ref: schema }, body)) wrong.push([path, status, body, ajv.errors]);
}
console.log(JSON.stringify(wrong));
