/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring: slots in a file, what waits for it, and lists sorted by time.  Which values
 * come here is sample.c's; who reads them readout.c's.
 */
#include "config.h"

#include "thing/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/calendar.h"
#include "common/base/daemon.h"
#include "common/base/hash.h"
#include "common/base/mem.h"
#include "common/base/str.h"
#include "thing/statefile.h"

/*
 * Header: magic, then type, slots, bytes of a slot (32 bits each), hash of what it
 * belongs to, checksum.  Slot: number (64), time (64), value (64: a double, or the
 * length of the text), quality (32), checksum (32), then the text.  Little-endian.
 */
#define HEADER 64
#define SLOT_NUMBER 32
#define SLOT_TEXT (SLOT_NUMBER + KITH_THING_TEXT)
#define CHUNK (16 * SLOT_TEXT)	/* a whole number of slots of either kind */
#define LATEST_MS 253402300799999LL	/* the end of the year 9999 */

static const char magic[8] = "kithrng1";

struct layout {
	enum kith_thing_type type;
	size_t slots, slot;		/* how many, of how many bytes */
	uint32_t seed;			/* of the checksums: what stands in one file
					 * is nothing in another */
};

struct ring {
	char *path, *owner;
	struct layout layout;
	uint64_t next;			/* number of the next value */
	size_t waiting;
	int64_t since_ms;		/* boot clock: the oldest waits so long */
	uint8_t *wait;			/* RING_BATCH slots */
};

/* ---- bytes -------------------------------------------------------------- */

static void put(uint8_t *at, uint64_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get(const uint8_t *at, size_t bytes)
{
	uint64_t v = 0;

	for (size_t i = 0; i < bytes; i++)
		v |= (uint64_t)at[i] << (8 * i);
	return v;
}

/* CRC-32 as everybody's. */
static uint32_t checksum(uint32_t seed, const uint8_t *data, size_t len)
{
	uint32_t c = ~seed;

	for (size_t i = 0; i < len; i++) {
		c ^= data[i];
		for (int k = 0; k < 8; k++)
			c = (c >> 1) ^ (c & 1 ? 0xedb88320u : 0);
	}
	return ~c;
}

static bool is_text(enum kith_thing_type t)
{
	return t != KITH_THING_BOOLEAN && t != KITH_THING_NUMERIC && t != KITH_THING_INT;
}

static size_t slot_bytes(enum kith_thing_type t)
{
	return is_text(t) ? SLOT_TEXT : SLOT_NUMBER;
}

static uint32_t slot_checksum(const struct layout *l, const uint8_t *slot)
{
	uint32_t c = checksum(l->seed, slot, 28);

	return l->slot > SLOT_NUMBER ? checksum(c, slot + 32, l->slot - 32) : c;
}

static void slot_write(const struct layout *l, uint8_t *slot, uint64_t number,
    const struct kith_thing_value *v)
{
	double value = l->type == KITH_THING_BOOLEAN ? v->boolean : v->number;
	uint64_t bits;

	memset(slot, 0, l->slot);
	put(slot, number, 8);
	put(slot + 8, (uint64_t)v->at_ms, 8);
	if (is_text(l->type)) {
		bits = strnlen(v->text, KITH_THING_TEXT - 1);
		memcpy(slot + 32, v->text, (size_t)bits);
	} else {
		memcpy(&bits, &value, sizeof(bits));
	}
	put(slot + 16, bits, 8);
	put(slot + 24, v->quality, 4);
	put(slot + 28, slot_checksum(l, slot), 4);
}

static bool text_read(const uint8_t *slot, uint64_t len, struct kith_thing_value *v)
{
	if (len >= KITH_THING_TEXT || memchr(slot + 32, '\0', (size_t)len) ||
	    !str_utf8_valid((const char *)slot + 32, (size_t)len))
		return false;
	memcpy(v->text, slot + 32, (size_t)len);
	return true;
}

/* False for what was never written, was torn, or stands in the wrong place. */
static bool slot_read(const struct layout *l, const uint8_t *slot, size_t place,
    uint64_t *number, struct kith_thing_value *v)
{
	uint64_t bits = get(slot + 16, 8), at = get(slot + 8, 8);

	*number = get(slot, 8);
	if (*number == 0 || *number % l->slots != place || at < RING_EARLIEST_MS ||
	    at > LATEST_MS || get(slot + 28, 4) != slot_checksum(l, slot))
		return false;
	memset(v, 0, sizeof(*v));
	v->at_ms = (int64_t)at;
	v->quality = (unsigned)get(slot + 24, 4);
	if (is_text(l->type))
		return text_read(slot, bits, v);
	memcpy(&v->number, &bits, sizeof(v->number));
	v->boolean = v->number > 0;
	return isfinite(v->number);
}

/* ---- the header --------------------------------------------------------- */

static void belongs_to(uint8_t out[static HASH_BYTES], const struct ring_conf *c)
{
	struct hash h;

	hash_start(&h, "kith-thing history 1");
	hash_text(&h, c->owner);
	hash_text(&h, c->node.id);
	hash_text(&h, c->node.source);
	hash_text(&h, c->node.partition);
	hash_text(&h, c->field);
	hash_text(&h, c->unit);
	hash_end(&h, out);
}

static void header_write(uint8_t h[static HEADER], const struct ring_conf *c)
{
	memset(h, 0, HEADER);
	memcpy(h, magic, sizeof(magic));
	put(h + 8, c->type, 4);
	put(h + 12, c->values, 4);
	put(h + 16, slot_bytes(c->type), 4);
	belongs_to(h + 24, c);
	put(h + 60, checksum(0, h, 60), 4);
}

static int header_read(const uint8_t *h, size_t len, struct layout *l)
{
	if (len < HEADER || memcmp(h, magic, sizeof(magic)) != 0 ||
	    get(h + 60, 4) != checksum(0, h, 60) || get(h + 8, 4) > KITH_THING_COLOR)
		return -1;
	l->type = (enum kith_thing_type)get(h + 8, 4);
	l->slots = (size_t)get(h + 12, 4);
	l->slot = (size_t)get(h + 16, 4);
	/* Of what it belongs to alone, so that another size changes no slot's checksum. */
	l->seed = checksum((uint32_t)l->type, h + 24, HASH_BYTES);
	return l->slots >= 1 && l->slots <= RING_MAX && l->slot == slot_bytes(l->type) ? 0 : -1;
}

int ring_path(char *out, size_t size, const char *dir, const struct node *node,
    const char *field)
{
	char hex[2 * HASH_BYTES + 1];
	uint8_t sum[HASH_BYTES];
	struct hash h;
	int n;

	hash_start(&h, "kith-thing history file 1");
	hash_text(&h, node->id);
	hash_text(&h, node->source);
	hash_text(&h, node->partition);
	hash_text(&h, field);
	hash_end(&h, sum);
	str_hex(hex, sum, sizeof(sum));
	n = snprintf(out, size, "%s/" RING_FOLDER "/%.32s", dir, hex);
	return n > 0 && (size_t)n < size ? 0 : -1;
}

/* ---- the file ----------------------------------------------------------- */

/* Ours alone, or -1: ERR_AGAIN when there is none. */
static int open_file(const char *path, int flags, struct err *e)
{
	int fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_AGAIN, "there is no '%s'", path);
	if (fd < 0)
		return err_errno(e, "cannot open '%s'", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    (st.st_mode & 077) == 0)
		return fd;
	close(fd);
	return err_set(e, ERR_INPUT, "'%s' is not a private file of ours", path);
}

/* All there is, at most `len`; what is missing is 0. */
static size_t read_at(int fd, uint8_t *data, size_t len, off_t at)
{
	size_t have = 0;

	memset(data, 0, len);
	while (have < len) {
		ssize_t n = pread(fd, data + have, len - have, at + (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	return have;
}

static int write_at(int fd, const uint8_t *data, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

static off_t offset_of(const struct layout *l, uint64_t number)
{
	return HEADER + (off_t)((number % l->slots) * l->slot);
}

typedef int slot_fn(void *arg, uint64_t number, const struct kith_thing_value *v);

/* Each slot that can be believed, in the order of places. */
static int each_slot(const struct layout *l, int fd, slot_fn *fn, void *arg)
{
	uint8_t chunk[CHUNK];
	size_t per = sizeof(chunk) / l->slot;

	for (size_t place = 0; place < l->slots; place += per) {
		size_t have = read_at(fd, chunk, sizeof(chunk), HEADER + (off_t)(place * l->slot));

		for (size_t i = 0; i < per && (i + 1) * l->slot <= have &&
		    place + i < l->slots; i++) {
			struct kith_thing_value v;
			uint64_t number;

			if (slot_read(l, chunk + i * l->slot, place + i, &number, &v) &&
			    fn(arg, number, &v) < 0)
				return -1;
		}
		if (have < sizeof(chunk))
			break;
	}
	return 0;
}

static int find_newest(void *arg, uint64_t number, const struct kith_thing_value *v)
{
	uint64_t *newest = arg;

	(void)v;
	if (number > *newest)
		*newest = number;
	return 0;
}

/* ---- opening ------------------------------------------------------------ */

static void ring_free(struct ring *r)
{
	mem_free(r->path);
	mem_free(r->owner);
	mem_free(r->wait);
	mem_free(r);
}

static struct ring *ring_new(const struct ring_conf *conf)
{
	struct ring *r = mem_zalloc(sizeof(*r));
	char path[STATEFILE_PATH];
	uint8_t header[HEADER];

	if (!r)
		return NULL;
	header_write(header, conf);
	if (header_read(header, sizeof(header), &r->layout) < 0 ||
	    ring_path(path, sizeof(path), conf->dir, &conf->node, conf->field) < 0 ||
	    !(r->path = mem_strdup(path)) || !(r->owner = mem_strdup(conf->owner)) ||
	    !(r->wait = mem_array(RING_BATCH, r->layout.slot))) {
		ring_free(r);
		return NULL;
	}
	r->next = 1;
	return r;
}

static int make_file(struct ring *r, const struct ring_conf *conf, struct err *e)
{
	char folder[STATEFILE_PATH];
	uint8_t header[HEADER];

	if (snprintf(folder, sizeof(folder), "%s/" RING_FOLDER, conf->dir) >= (int)sizeof(folder))
		return err_set(e, ERR_LIMIT, "path too long");
	header_write(header, conf);
	if (daemon_dir(folder, e) < 0)
		return -1;
	return daemon_write_file(r->path, header, sizeof(header), e);
}

struct moving {
	const struct layout *to;
	struct buf *image;
	uint64_t newest;
};

static int move_slot(void *arg, uint64_t number, const struct kith_thing_value *v)
{
	struct moving *m = arg;

	if (number + m->to->slots > m->newest)
		slot_write(m->to, (uint8_t *)m->image->data + offset_of(m->to, number), number, v);
	return 0;
}

/* Another size: the newest that fit go over, by one rename. */
static int resize(struct ring *r, const struct ring_conf *conf, const struct layout *old, int fd,
    struct err *e)
{
	uint8_t zero[SLOT_TEXT] = { 0 }, header[HEADER];
	struct moving m = { .to = &r->layout, .newest = r->next - 1 };
	struct buf image;
	int ret = -1;

	buf_init(&image, HEADER + r->layout.slots * r->layout.slot);
	header_write(header, conf);
	buf_add(&image, header, sizeof(header));
	for (size_t i = 0; i < r->layout.slots && buf_ok(&image); i++)
		buf_add(&image, zero, r->layout.slot);
	m.image = &image;
	if (!buf_ok(&image))
		err_set(e, ERR_SYSTEM, "out of memory");
	else if (each_slot(old, fd, move_slot, &m) == 0)
		ret = daemon_write_file(r->path, image.data, image.len, e);
	buf_fini(&image);
	return ret;
}

/* What is there: 0 taken, 1 not usable, -1 cannot tell. */
static int take_file(struct ring *r, const struct ring_conf *conf, struct err *e)
{
	uint8_t have[HEADER], want[HEADER];
	struct layout old;
	uint64_t newest = 0;
	int fd = open_file(r->path, O_RDONLY, e), ret = 1;

	if (fd < 0)
		return e->kind == ERR_AGAIN ? 1 : -1;
	header_write(want, conf);
	if (header_read(have, read_at(fd, have, sizeof(have), 0), &old) == 0 &&
	    old.type == r->layout.type && memcmp(have + 24, want + 24, HASH_BYTES) == 0) {
		(void)each_slot(&old, fd, find_newest, &newest);
		r->next = newest + 1;
		ret = old.slots == r->layout.slots ? 0 : resize(r, conf, &old, fd, e);
	}
	close(fd);
	return ret;
}

struct ring *ring_open(const struct ring_conf *conf, bool *anew, struct err *e)
{
	struct ring *r = ring_new(conf);
	struct err why = ERR_INIT;
	int found;

	if (!r) {
		err_set(e, ERR_SYSTEM, "no memory for the history of '%s'", conf->field);
		return NULL;
	}
	found = take_file(r, conf, &why);
	if (anew)
		*anew = found == 1 && why.kind != ERR_AGAIN;
	if (found < 0)
		*e = why;
	if (found < 0 || (found == 1 && make_file(r, conf, e) < 0)) {
		ring_free(r);
		return NULL;
	}
	return r;
}

void ring_close(struct ring **rp)
{
	struct ring *r = *rp;
	struct err e = ERR_INIT;

	*rp = NULL;
	if (!r)
		return;
	(void)ring_write(r, &e);
	ring_free(r);
}

int ring_forget(const char *dir, const struct node *node, const char *field, struct err *e)
{
	char path[STATEFILE_PATH];

	if (ring_path(path, sizeof(path), dir, node, field) < 0)
		return err_set(e, ERR_LIMIT, "path too long");
	return statefile_remove(dir, path + strlen(dir) + 1, e);
}

bool ring_is_owned_by(const struct ring *r, const char *bare)
{
	return strcmp(r->owner, bare) == 0;
}

/* ---- adding ------------------------------------------------------------- */

static uint8_t *waiting_slot(const struct ring *r, size_t i)
{
	return r->wait + i * r->layout.slot;
}

/* One piece, or two where it goes round. */
static int write_waiting(const struct ring *r, int fd)
{
	const struct layout *l = &r->layout;
	uint64_t first = r->next - r->waiting;
	size_t skip = r->waiting > l->slots ? r->waiting - l->slots : 0;

	for (size_t i = skip; i < r->waiting;) {
		size_t place = (size_t)((first + i) % l->slots), n = r->waiting - i;

		if (n > l->slots - place)
			n = l->slots - place;
		if (write_at(fd, waiting_slot(r, i), n * l->slot, offset_of(l, first + i)) < 0)
			return -1;
		i += n;
	}
	return 0;
}

static int flush(struct ring *r, bool to_the_disk, struct err *e)
{
	int fd, ret = 0;

	if (r->waiting == 0)
		return 0;
	fd = open_file(r->path, O_WRONLY, e);
	if (fd < 0)
		return -1;
	if (write_waiting(r, fd) < 0 || (to_the_disk && fdatasync(fd) < 0))
		ret = err_errno(e, "cannot write '%s'", r->path);
	else
		r->waiting = 0;
	close(fd);
	return ret;
}

int ring_write(struct ring *r, struct err *e)
{
	return flush(r, true, e);
}

void ring_wait_again(struct ring *r, int64_t now_boot)
{
	r->since_ms = now_boot;
}

int64_t ring_deadline(const struct ring *r)
{
	return r->waiting ? r->since_ms + RING_HOLD_MS : -1;
}

/* Full, and the disk refuses: the oldest of those that wait goes. */
static void drop_oldest(struct ring *r)
{
	uint64_t first = r->next - r->waiting;
	struct kith_thing_value v;
	uint64_t number;

	for (size_t i = 1; i < r->waiting; i++)
		if (slot_read(&r->layout, waiting_slot(r, i),
		    (size_t)((first + i) % r->layout.slots), &number, &v))
			slot_write(&r->layout, waiting_slot(r, i - 1), number - 1, &v);
	r->waiting--;
	r->next--;
}

bool ring_add(struct ring *r, const struct kith_thing_value *v, int64_t now_boot, struct err *e)
{
	if (v->at_ms < RING_EARLIEST_MS || v->at_ms > LATEST_MS ||
	    (!is_text(r->layout.type) && r->layout.type != KITH_THING_BOOLEAN &&
	    !isfinite(v->number)))
		return false;
	/* Bursts reach the disk as the system likes; the rest by ring_write. */
	if (r->waiting == RING_BATCH && flush(r, false, e) < 0)
		drop_oldest(r);
	if (r->waiting == 0)
		r->since_ms = now_boot;
	slot_write(&r->layout, waiting_slot(r, r->waiting++), r->next++, v);
	return true;
}

/* ---- listing ------------------------------------------------------------ */

struct listing {
	struct ring_entry *list;
	size_t n, room;
	uint64_t oldest;		/* number; older ones are overwritten */
	uint64_t end;			/* those from here on wait: half of them may stand
					 * on the disk already */
	int64_t from_ms;
};

static int list_slot(void *arg, uint64_t number, const struct kith_thing_value *v)
{
	struct listing *l = arg;
	struct ring_entry *more;

	if (number < l->oldest || number >= l->end || v->at_ms < l->from_ms)
		return 0;
	if (l->n == l->room) {
		more = mem_resize_array(l->list, l->room ? 2 * l->room : 64, sizeof(l->list[0]));
		if (!more)
			return -1;
		l->list = more;
		l->room = l->room ? 2 * l->room : 64;
	}
	l->list[l->n++] = (struct ring_entry){ .at_ms = v->at_ms, .number = number };
	return 0;
}

static int list_all(const struct ring *r, struct listing *l)
{
	struct err e = ERR_INIT;
	uint64_t first = r->next - r->waiting;
	int fd = open_file(r->path, O_RDONLY, &e), ret;

	l->oldest = r->next > r->layout.slots ? r->next - r->layout.slots : 1;
	l->end = first;
	ret = fd < 0 ? 0 : each_slot(&r->layout, fd, list_slot, l);
	if (fd >= 0)
		close(fd);
	l->end = r->next;
	for (size_t i = 0; i < r->waiting && ret == 0; i++) {
		struct kith_thing_value v;
		uint64_t number;

		if (slot_read(&r->layout, waiting_slot(r, i),
		    (size_t)((first + i) % r->layout.slots), &number, &v))
			ret = list_slot(l, number, &v);
	}
	return ret;
}

static int by_time(const void *a, const void *b)
{
	const struct ring_entry *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* Which second, minute ... year that is; weeks begin on Mondays. */
#define PERIODS 8
static void periods_of(int64_t at_ms, int64_t out[static PERIODS])
{
	struct tm tm;

	calendar_tm(at_ms / 1000, &tm);
	out[0] = at_ms / 1000;
	out[1] = out[0] / 60;
	out[2] = out[0] / 3600;
	out[3] = out[0] / 86400;
	out[4] = (out[3] + 3) / 7;
	out[5] = tm.tm_year * 12LL + tm.tm_mon;
	out[6] = tm.tm_year * 4LL + tm.tm_mon / 3;
	out[7] = tm.tm_year;
}

#define OTHER (1u << PERIODS)

/* A value is the last of a period when the one behind it, or now, is in a later one. */
static void mark(struct ring_entry *list, size_t n, int64_t now_ms)
{
	int64_t next[PERIODS], own[PERIODS];

	periods_of(now_ms, next);
	while (n-- > 0) {
		periods_of(list[n].at_ms, own);
		list[n].periods = OTHER;
		for (unsigned i = 0; i < PERIODS; i++)
			list[n].periods |= own[i] < next[i] ? 1u << i : 0;
		memcpy(next, own, sizeof(next));
	}
}

int ring_list(const struct ring *r, int64_t from_ms, int64_t to_ms, unsigned periods,
    int64_t now_ms, struct ring_entry **list, size_t *n, struct err *e)
{
	struct listing l = { .from_ms = from_ms };
	size_t kept = 0;

	*list = NULL;
	*n = 0;
	if (list_all(r, &l) < 0) {
		mem_free(l.list);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	if (l.n > 0)
		qsort(l.list, l.n, sizeof(l.list[0]), by_time);
	mark(l.list, l.n, now_ms);
	for (size_t i = 0; i < l.n && l.list[i].at_ms <= to_ms; i++)
		if (l.list[i].periods & periods)
			l.list[kept++] = l.list[i];
	if (kept == 0) {
		mem_free(l.list);
		return 0;
	}
	*list = l.list;
	*n = kept;
	return 0;
}

bool ring_get(const struct ring *r, uint64_t number, struct kith_thing_value *out)
{
	const struct layout *l = &r->layout;
	size_t place = (size_t)(number % l->slots);
	uint64_t first = r->next - r->waiting, found;
	struct err e = ERR_INIT;
	uint8_t slot[SLOT_TEXT];
	int fd;

	if (number >= r->next || number + l->slots < r->next)
		return false;
	if (number >= first)
		return slot_read(l, waiting_slot(r, (size_t)(number - first)), place, &found, out);
	fd = open_file(r->path, O_RDONLY, &e);
	if (fd < 0)
		return false;
	(void)read_at(fd, slot, l->slot, offset_of(l, number));
	close(fd);
	return slot_read(l, slot, place, &found, out) && found == number;
}

/* ---- for tests ---------------------------------------------------------- */

size_t ring_count_file(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	struct layout l;
	size_t n = 0;

	if (header_read(bytes, len, &l) < 0)
		return 0;
	for (size_t i = 0; i < l.slots && HEADER + (i + 1) * l.slot <= len; i++) {
		struct kith_thing_value v;
		uint64_t number;

		n += slot_read(&l, bytes + HEADER + i * l.slot, i, &number, &v);
	}
	return n;
}
