/*
 * The policy tier: the same regions with the real schema, in which nobody grants
 * by hand. People sign consents, agreements and orders and join teams; registrars
 * run the drive of node/policy when the seed says so; who reads what follows.
 *
 * It is judged by a second reading of the rules (law.h) that shares no code with
 * node/policy: from the rows that one replica can read it says who is entitled to
 * what. What registrars were entitled to give is kept in a ledger (ledger.h), and a
 * key, or a row that is shown, for which there is no entry is a leak (I6).
 */
#ifndef FOOTBRIDGE_TESTS_SIM_POLICY_H
#define FOOTBRIDGE_TESTS_SIM_POLICY_H

#include "tests/sim/sim.h"

#define POLICY_PEOPLE 2

/* ---- found.c: what stands before a seed begins ---- */

/* Every office says what it is, has a privacy officer, signs the rules; all of it
 * is everywhere. */
void sim_policy_found(struct sim *s, struct replica **r, unsigned places);
/* The kind of an agency in a region of so many places. */
int sim_policy_kind(unsigned agency, unsigned places);

/* ---- people.c, decide.c: what people do ---- */

void sim_policy_begin(struct sim *s);
void sim_policy_end(struct sim *s);
void sim_policy_people(struct sim *s);
/* Somebody acts at a machine, or looks; maybe policy is run after it. */
void sim_policy_act(struct sim *s, unsigned n);
/* A registrar somewhere: a team's laptops, and policy. */
void sim_policy_power(struct sim *s);

/* ---- ledger.c, judge.c ---- */

/* After each event at a machine: are its keys those that it may have? */
void sim_policy_check(struct sim *s, unsigned n);
void sim_policy_heal(struct sim *s);

#endif
