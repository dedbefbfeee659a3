/*
 * What both ends of HTTPS ask of TCP, for links that lose packets.
 */
#ifndef FOOTBRIDGE_NODE_WIRE_H
#define FOOTBRIDGE_NODE_WIRE_H

/*
 * BBR, where the system has it: what others take for congestion and slow down
 * for is, on such links, loss. And linear time-outs while only few packets are
 * on their way, as ours are: they are not doubled at each loss until they reach
 * the 20 s after which a contact is given up.
 *
 * Does what the system allows; what it does not changes nothing.
 */
void wire_prepare(int fd);
/*
 * Ask the other end for a sign of life after two seconds without any, and then
 * each second: an answer that is long in coming is told from a dead connection.
 * About 100 bytes each.
 */
void wire_probe(int fd);

#endif
