/** The roster against a plain model: wanted is what one of the last two looks found. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { topicIdentity } from "../../src/core/topic.ts";
import { EMPTY_ROSTER, nextRoster } from "../../src/core/topic-roster.ts";

const look = fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 10 });

test("wanted is what one of the last two looks found; who stays keeps their place", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(look, fc.boolean()), { maxLength: 15 }), (looks) => {
      let roster = EMPTY_ROSTER;
      let previous: readonly string[] = [];
      for (const [people, isUpper] of looks) {
        const found = people.map((n) => (isUpper ? `V2.USERS.U${n}.PRESENCE` : `v2.users.u${n}.presence`));
        const next = nextRoster(roster, found);
        const now = found.map(topicIdentity);
        const wanted = next.topics.map(topicIdentity);
        expect(wanted.toSorted()).toEqual([...new Set([...now, ...previous])].toSorted());
        expect(next.doubted.map(topicIdentity).toSorted()).toEqual(
          wanted.filter((one) => !now.includes(one)).toSorted(),
        );
        const stays = roster.topics.filter((one) => wanted.includes(topicIdentity(one)));
        expect(next.topics.slice(0, stays.length)).toEqual(stays);
        [roster, previous] = [next, now];
      }
    }),
  );
});
