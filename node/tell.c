#include "node/tell.h"

#include <string.h>

struct pair {
	const char *word, *text[2];
};

static const struct pair labels[] = {
	{ "TX2",
	    { "Substance use treatment",
		"Tratamiento por uso de sustancias" } },
	{ "MHT", { "Mental health treatment", "Tratamiento de salud mental" } },
	{ "SUP", { "Supervision", "Supervisión" } },
	{ "CHR", { "Criminal history", "Antecedentes penales" } },
	{ "CRT", { "Court", "Tribunal" } },
	{ "SOC", { "Social services", "Servicios sociales" } },
	{ "JNT", { "Shared plan", "Plan compartido" } },
	{ "SAF", { "Safety", "Seguridad" } },
	{ "IDX",
	    { "Name, birth date, numbers, contact",
		"Nombre, fecha de nacimiento, números, contacto" } },
	{ "ADM", { "Papers", "Documentos" } },
	{ "AUD", { "Account of disclosures", "Registro de divulgaciones" } },
};

static const struct pair items[] = {
	{ "attendance", { "attendance", "asistencia" } },
	{ "progress", { "progress", "progreso" } },
	{ "drug_test", { "drug tests", "pruebas de drogas" } },
	{ "diagnosis", { "diagnosis", "diagnóstico" } },
	{ "plan", { "plan of care", "plan de atención" } },
	{ "discharge", { "end of treatment", "fin del tratamiento" } },
	{ "medication", { "medication", "medicamentos" } },
	{ "narrative", { "notes", "notas" } },
	{ "referral", { "referral", "remisión" } },
	{ "case", { "case", "caso" } },
	{ "conditions", { "conditions", "condiciones" } },
	{ "schedule", { "appointments", "citas" } },
	{ "notes", { "notes", "notas" } },
	{ "protected", { "protected notes", "notas protegidas" } },
	{ "tests", { "drug tests", "pruebas de drogas" } },
	{ "violations",
	    { "violations and responses", "infracciones y respuestas" } },
	{ "risk", { "risk assessment", "evaluación de riesgo" } },
	{ "facts", { "address, phone, work", "domicilio, teléfono, trabajo" } },
	{ "needs", { "needs", "necesidades" } },
	{ "delivery", { "services given", "servicios prestados" } },
	{ "housing", { "housing", "vivienda" } },
	{ "employment", { "work", "empleo" } },
	{ "benefit", { "benefits", "beneficios" } },
	{ "education", { "education", "educación" } },
	{ "family", { "family", "familia" } },
	{ "team", { "team", "equipo" } },
	{ "meeting", { "meetings", "reuniones" } },
	{ "order", { "orders", "órdenes" } },
	{ "hearing", { "hearings", "audiencias" } },
	{ "consent", { "consents", "consentimientos" } },
	{ "authority", { "orders and laws", "órdenes y leyes" } },
};

static const struct pair words[] = {
	{ "treatment", { "treatment", "tratamiento" } },
	{ "coordination",
	    { "working together on your plan", "coordinación de su plan" } },
	{ "supervision", { "supervision", "supervisión" } },
	{ "court", { "court", "tribunal" } },
	{ "safety", { "safety", "seguridad" } },
	{ "emergency", { "emergency", "emergencia" } },
	{ "payment", { "payment", "pago" } },
	{ "operations", { "running the service", "gestión del servicio" } },
	{ "audit", { "audit", "auditoría" } },
	{ "research", { "research", "investigación" } },
	{ "person", { "you asked for it", "usted lo pidió" } },
	{ "consent", { "you consented", "usted dio su consentimiento" } },
	{ "authority", { "an order or a law", "una orden o una ley" } },
	{ "agreement",
	    { "an agreement between the agencies",
		"un acuerdo entre las agencias" } },
	{ "hand", { "decided by staff", "decidido por el personal" } },
	{ "sync", { "by computer", "por computadora" } },
	{ "bundle", { "in a locked file", "en un archivo cifrado" } },
	{ "print", { "on paper", "en papel" } },
	{ "export", { "in a file", "en un archivo" } },
	{ "phone", { "in a call", "por teléfono" } },
	{ "fax", { "by fax", "por fax" } },
	{ "meeting", { "in a meeting", "en una reunión" } },
	{ "calendar", { "in a calendar", "en un calendario" } },
};

static const char *const lines[TELL_LINE_COUNT][2] = {
	[TELL_TITLE] = { "WHO WAS GIVEN YOUR RECORDS",
	    "QUIÉN RECIBIÓ SUS REGISTROS" },
	[TELL_PERSON] = { "About", "Sobre" },
	[TELL_BY] = { "Given by", "Entregado por" },
	[TELL_MADE] = { "Printed on", "Impreso el" },
	[TELL_COVERS] = { "From, to", "Desde, hasta" },
	[TELL_TO] = { "To", "A quién" },
	[TELL_WHAT] = { "What", "Qué" },
	[TELL_PURPOSE] = { "What for", "Para qué" },
	[TELL_BASIS] = { "Why allowed", "Por qué se permitió" },
	[TELL_HOW] = { "How", "Cómo" },
	[TELL_RULES] = { "Rules", "Reglas" },
	[TELL_NONE] = { "Nothing was given to anybody in this time.",
	    "No se entregó nada a nadie en este tiempo." },
	[TELL_BEFORE_NOTICE] = { "Sent before word came that the permission "
				 "had ended.",
	    "Enviado antes de saber que el permiso había terminado." },
	[TELL_ON_ITS_WAY] = { "It may still have been on its way when the "
			      "permission ended.",
	    "Puede que aún estuviera en camino cuando terminó el permiso." },
	[TELL_ALTHOUGH] = { "Given although the rules did not allow it",
	    "Entregado aunque las reglas no lo permitían" },
	[TELL_NOTICES] = { "These notices went with it:",
	    "Estos avisos acompañaron lo entregado (texto legal en "
	    "inglés):" },
	[TELL_PART2] = { "Records of substance use treatment (42 CFR 2.25)",
	    "Registros de tratamiento por uso de sustancias (42 CFR 2.25)" },
	[TELL_HIPAA] = { "Health records (45 CFR 164.528). Left out, as the "
			 "law does: what was given for treatment, payment "
			 "and running the service, what you consented to, "
			 "and what you asked for yourself.",
	    "Registros de salud (45 CFR 164.528). No incluye, según la ley: "
	    "lo entregado para tratamiento, pago y gestión del servicio, lo "
	    "que usted autorizó y lo que usted mismo pidió." },
	[TELL_ALL] = { "All records", "Todos los registros" },
	[TELL_SAMPLE] = { "Sample rules, not approved by our counsel.",
	    "Reglas de muestra, no aprobadas por nuestros abogados." },
	[TELL_ENTRIES] = { "entries", "anotaciones" },
	[TELL_NO_AGENCY] = { "(no agency of this network)",
	    "(ninguna agencia de esta red)" },
	[TELL_CLOSING] = { "If something here is wrong or surprises you, ask "
			   "our privacy officer. You may ask for this list "
			   "again.",
	    "Si algo es incorrecto o le sorprende, pregunte a nuestro "
	    "encargado de privacidad. Puede pedir esta lista otra vez." },
};

enum err
tell_language_of(enum tell_language *out, const char *text, struct fail *f)
{
	*out = TELL_ENGLISH;
	if (text == NULL || strcmp(text, "en") == 0)
		return OK;
	*out = TELL_SPANISH;
	if (strcmp(text, "es") == 0)
		return OK;
	return fail_set(f, ERR_USAGE, "--language: want en or es, have %.20s",
	    text);
}

static const char *
find(const struct pair *list, size_t count, const char *word, size_t n,
    enum tell_language l)
{
	for (size_t k = 0; k < count; k++)
		if (strlen(list[k].word) == n &&
		    memcmp(list[k].word, word, n) == 0)
			return list[k].text[l];
	return NULL;
}

void
tell_category(struct buf *out, enum tell_language l, const char *category)
{
	size_t n = strcspn(category, ".");
	const char *label = find(labels, COUNT_OF(labels), category, n, l);
	const char *item = category[n] == '.' ? category + n + 1 : NULL;
	const char *text = item != NULL
	    ? find(items, COUNT_OF(items), item, strlen(item), l)
	    : NULL;

	buf_printf(out, "%s", label != NULL ? label : category);
	if (label != NULL && item != NULL)
		buf_printf(out, ": %s", text != NULL ? text : item);
}

const char *
tell_word(enum tell_language l, const char *word)
{
	const char *text = find(words, COUNT_OF(words), word, strlen(word), l);

	return text != NULL ? text : word;
}

const char *
tell_line(enum tell_language l, enum tell_line line)
{
	return lines[line][l];
}
