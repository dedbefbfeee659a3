#!/bin/bash
# Forms on paper: blank and filled in, in English and Spanish, as text and as a
# page, marked as samples until the agency's own form and pack are in force, and
# plain enough to be read by those who sign them.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found hub Hub Region hub --hub
enrol hub clinic Clinic Cora --agency Clinic --kind treatment
enrol hub north North Ann --agency North --kind probation
bring clinic hub Hub
bring hub clinic Clinic
bring north hub Hub
bring hub clinic Clinic
today=$(date +%F)

must clinic put person legal_name='Pat Sample' birth_date=1990-04-01
person=$(cat "$tmp/out")
must clinic put consent person="$person" kind=part2_justice status=draft \
	discloser_id=Clinic info_description='Whether I came to group' \
	purposes=supervision signed_by='Pat Sample' signed_on="$today" \
	effective_on="$today" expires_on=2036-01-01 \
	duration_reason='It is as long as my probation' \
	revocable_rule=after_event revocable_event='the end of my probation'
consent=$(cat "$tmp/out")
must clinic put consent_scope person="$person" consent_id="$consent" \
	category=TX2.attendance state=present
must clinic put consent_recipient person="$person" consent_id="$consent" \
	agency_id=North state=present

# ---- what there is ----
must clinic --json form
cp "$tmp/out" "$tmp/list"
[ "$(field '#' <"$tmp/list")" -eq 24 ] && ! grep -q '"words"' "$tmp/list"
ok $? "twenty_four_forms_are_listed"
fails 1 'no form part3' on clinic form part3
ok $? "a_form_that_is_none_is_refused"
fails 1 'in language fr' on clinic form hipaa --language fr
ok $? "and_a_language_that_is_none"

# ---- blank and filled in ----
must clinic form part2_general
grep -q '____________________' "$tmp/out" &&
	grep -q 'Sample rules, not approved by your counsel' "$tmp/out"
ok $? "a_blank_form_has_lines_to_write_on_and_is_marked"
must clinic form part2_justice --consent "$consent"
cp "$tmp/out" "$tmp/justice"
for words in 'My name is Pat Sample. I was born on 1990-04-01' \
	'Clinic may share' 'Whether I came to group' \
	'if I come to my visits' ' - North' \
	'to see if I follow the terms of my release' "ends on 2036-01-01" \
	'It is as long as my probation' 'the end of my probation' \
	'Signature: Pat Sample' "Date: $today"; do
	tr '\n' ' ' <"$tmp/justice" | tr -s ' ' | grep -qF -- "$words" || {
		echo "# not there: $words"
		failed=1
	}
done
ok $failed "a_consent_fills_its_form_in"
must clinic form revocation --consent "$consent" --language es
grep -q 'Pat Sample' "$tmp/out" && grep -q 'si voy a mis citas' "$tmp/out" &&
	grep -q 'MUESTRA' "$tmp/out"
ok $? "in_spanish_too"
must clinic form notice_p2_35 --consent "$consent"
tr '\n' ' ' <"$tmp/out" | sed 's/  */ /g' |
	grep -q 'official duties in the conditional release' &&
	grep -q "the permission signed on" "$tmp/out"
ok $? "a_notice_carries_the_packs_own_text"
must clinic form part2_justice --consent "$consent" --html
grep -q '<html lang="en">' "$tmp/out" && grep -q 'Pat Sample' "$tmp/out" &&
	grep -q 'class="mark"' "$tmp/out" && ! grep -q 'http' "$tmp/out" &&
	python3 -c 'import html.parser, sys
class P(html.parser.HTMLParser):
    def __init__(self): super().__init__(); self.open = []
    def handle_starttag(self, t, a):
        if t not in ("meta",): self.open.append(t)
    def handle_endtag(self, t): assert self.open.pop() == t, t
p = P(); p.feed(open(sys.argv[1]).read()); assert not p.open' "$tmp/out"
ok $? "as_a_page_it_is_whole_and_marked_on_every_page"
must clinic put person legal_name='<b>Bo</b>'
must clinic form hipaa --person "$(cat "$tmp/out")" --html
grep -q '&lt;b&gt;Bo&lt;/b&gt;' "$tmp/out"
ok $? "what_is_filled_in_is_text"
fails 1 "another person's" on clinic form hipaa --consent "$consent" \
	--person "$(on clinic --json list person | python3 -c 'import json, sys
print([r["id"] for r in json.load(sys.stdin) if r["id"] != sys.argv[1]][0])' \
	"$person")"
ok $? "a_consent_is_not_printed_for_somebody_else"

# ---- an agency's own form ----
sed -e 's/^form part2_general en .*/form part2_general en valley-1/' \
	-e '/^#/d' node/policy/forms/part2_general.en.form >"$tmp/own.form"
grep -v '^element right_to_revoke' "$tmp/own.form" >"$tmp/lacking.form"
fails 1 'the form lacks' on clinic put policy_form code=part2_general \
	language=en version=valley-1 title=Ours \
	body="$(cat "$tmp/lacking.form")"
ok $? "a_form_that_lacks_an_element_is_refused_and_says_which"
must clinic put policy_form code=part2_general language=en version=valley-1 \
	title=Ours body="$(cat "$tmp/own.form")" effective_on="$today"
must clinic form part2_general
grep -q 'valley-1' "$tmp/out" && grep -q 'Sample rules' "$tmp/out"
ok $? "its_own_form_is_printed_and_marked_while_the_rules_are_a_sample"
must clinic policy show shipped
sed -e '/^sample$/d' -e 's/^pack .*/pack valley 1/' "$tmp/out" >"$tmp/ours.pack"
must clinic put staff_role staff_id=Cora role=privacy_officer scope=all
must clinic --yes policy sign "$tmp/ours.pack"
must clinic form part2_general
! grep -q -i 'sample rules' "$tmp/out"
ok $? "under_a_signed_pack_its_own_form_is_not_marked"
must clinic form hipaa
grep -q 'Sample rules, not approved' "$tmp/out"
ok $? "a_shipped_form_still_is"

# ---- plain words ----
# Flesch-Kincaid grade of the English ones, by the usual count of syllables; the
# Fernandez-Huerta ease of the Spanish ones (60 and more is plain)
for n in part2_general part2_tpo part2_justice hipaa social revocation \
	told_emergency told_breach; do
	for l in en es; do
		must clinic form $n --language $l
		cp "$tmp/out" "$tmp/$n.$l"
	done
done
python3 - "$tmp" <<'PY'
import re, sys
bad = 0
for n in ("part2_general part2_tpo part2_justice hipaa social revocation "
          "told_emergency told_breach").split():
    for l in ("en", "es"):
        text = open(f"{sys.argv[1]}/{n}.{l}").read().split("\n\n", 1)[1]
        text = "\n".join(t for t in text.split("\n")
                         if not re.search(r"CFR|^\s*(- )?_+$|ample|uestra", t))
        text = re.sub(r"_+", "Ann", text).replace("\n\n", ". ")
        s = [x for x in re.split(r"[.!?:]+\s", text.replace("\n", " "))
             if x.strip()]
        w = re.findall(r"[^\W\d_]+", text)
        v = "[aeiouyáéíóúü]+"
        if l == "en":
            syl = sum(max(1, len(re.findall("[aeiouy]+", x.lower()))
                - (x.lower().endswith("e") and not x.lower().endswith("le")
                   and len(re.findall("[aeiouy]+", x.lower())) > 1)) for x in w)
            grade = 0.39 * len(w) / len(s) + 11.8 * syl / len(w) - 15.59
            print(f"# {n} {l}: grade {grade:.1f}")
            bad += grade > 8
        else:
            syl = sum(max(1, len(re.findall(v, x.lower()))) for x in w)
            ease = 206.84 - 60 * syl / len(w) - 1.02 * len(w) / len(s)
            print(f"# {n} {l}: ease {ease:.0f}")
            bad += ease < 60
sys.exit(bad > 0)
PY
ok $? "those_who_sign_can_read_them"
on clinic verify >"$tmp/out" 2>&1
ok $? "and_what_was_printed_stands_in_a_whole_journal"
exit "$failed"
