/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits: everything a peer can make us allocate, by name.  Enforced in the
 * parser beside each; the settings' [limits] may lower or raise those marked *.
 */
#ifndef KITH_WIRE_LIMITS_H
#define KITH_WIRE_LIMITS_H

#define WIRE_STANZA_BYTES (64 * 1024)	/* * one stanza on a component stream */
#define WIRE_STANZA_BYTES_THING (16 * 1024)	/* * one stanza on a thing's stream */
#define WIRE_DEPTH 16
#define WIRE_ELEMENTS 1000		/* in one stanza */
#define WIRE_ATTRIBUTES 32		/* of one element, namespaced ones included */
#define WIRE_NAMESPACES 16		/* declared in one stanza */
#define WIRE_NAME_BYTES 256		/* element or attribute name without namespace */
#define WIRE_ID_BYTES 8192		/* an id we echo (att-X-09) */
#define WIRE_TAGS 64			/* of one thing */
#define WIRE_TAG_NAME 32		/* characters, XEP-0347 */
#define WIRE_TAG_VALUE 128		/* characters */
#define WIRE_NODES 100			/* in one question or answer */
#define WIRE_NAMES 100			/* fields or parameters in one question */
#define WIRE_FIELD_NAME 128	/* characters of a field's or parameter's name */
#define WIRE_COMMAND_NAME 64		/* characters of a command of a concentrator, known or not */
#define WIRE_NODE_TEXT 256		/* characters of a node, source or partition */
#define WIRE_TOKENS 16			/* per kind in one question */
#define WIRE_CHALLENGE 1024		/* bytes of a challenge or what answers it */
#define WIRE_TOKEN_BYTES 512		/* of one token */
#define WIRE_ABOUTS 16			/* in one clearCache; more are everything */
#define WIRE_LIMITS 64		/* of values and rates in one answer */
#define WIRE_TIMES 10000		/* of one rate */
#define WIRE_TIMES_SECONDS (31 * 24 * 3600)
#define WIRE_PROOF 128			/* characters of a public key, nonce or signature */
#define WIRE_OFFERS 128			/* what a thing says it can do */
#define WIRE_NEEDS 8			/* what it asks of others */
#define WIRE_NEED 256			/* characters of one of those */
#define WIRE_UNIT 32			/* characters of a unit */
#define WIRE_KEY 256			/* characters of a question's key */
#define WIRE_CONTROL_VALUE 1024		/* characters of a value to be set */
#define WIRE_RHYTHM 32			/* characters of a rhythm of presses */
#define WIRE_LISTED 200			/* features or items of one disco answer; more are not read */
#define WIRE_PAGE 100			/* things on one page */
#define WIRE_FORM_FIELDS 64		/* of a form, columns of its table */
#define WIRE_FORM_VALUES 100		/* values or options of one field */
#define WIRE_FORM_ROWS 100		/* of a table */
#define WIRE_FORM_VAR 256		/* characters of a field's name */
#define WIRE_FORM_TEXT 1024		/* characters of a title, label or description */
#define WIRE_FORM_VALUE 4096		/* characters of one value */
#define WIRE_SESSION 128		/* characters of a command's session */
#define WIRE_QUEUE_BYTES (8 * 1024 * 1024)	/* * waiting to be sent */
#define WIRE_REQUEST_BYTES (192 * 1024)	/* pool of one parsed request */
#define WIRE_BODY_CHARS 4096		/* of a chat line we read */

#endif
