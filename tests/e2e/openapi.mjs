// Reads {document, answers: [{path, method, status, body}]} and says what is wrong with either; nothing: [].
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import { readFileSync } from "node:fs";

const { document, answers } = JSON.parse(readFileSync(0, "utf8"));
const wrong = [];
const found = await new Validator().validate(structuredClone(document));
if (!found.valid) wrong.push(found.errors);
const ajv = new Ajv({ strict: false });
ajv.addSchema({ ...document, $id: "openapi" });
for (const { path, method, status, body } of answers) {
	const schema = document.paths[path][method].responses[status]?.content["application/json"].schema;
	const pointer = `/paths/${path.replaceAll("/", "~1")}/${method}/responses/${status}/content/application~1json/schema`;
	if (schema === undefined) wrong.push(`${path}: ${status} is not described`);
	else if (!ajv.validate({ $ref: `openapi#${pointer}` }, body)) wrong.push([path, status, body, ajv.errors]);
}
console.log(JSON.stringify(wrong));
