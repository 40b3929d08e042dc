// SPDX-License-Identifier: BSD-2-Clause
// Connects on the board by labels, sends its input, and prints what comes back. No library but C's own.
//
//     cc -Wall -Werror -o connect samples/c/connect.c
//     FLOWER_SWITCHBOARD=unix:/run/flower/switchboard.sock ./connect service=echo
//
// What goes over the switchboard's socket is protobuf, written by hand here as docs/protocol.md section 10 shows it.
#define _GNU_SOURCE
#include <err.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_PACKET = 65536, MAX_DESCRIPTORS = 253 };

struct bytes {
    uint8_t data[MAX_PACKET];
    size_t length;
};

static void add(struct bytes *to, const void *data, size_t length) {
    if (length > MAX_PACKET - to->length)
        errx(64, "the labels are too long");
    memcpy(to->data + to->length, data, length);
    to->length += length;
}

static void add_varint(struct bytes *to, size_t number) {
    do {
        uint8_t byte = (number & 127) | (number > 127 ? 128 : 0);
        add(to, &byte, 1);
    } while (number >>= 7);
}

// A field that is text, bytes or a message.
static void add_field(struct bytes *to, int number, const void *data, size_t length) {
    add_varint(to, number << 3 | 2);
    add_varint(to, length);
    add(to, data, length);
}

// One frame of call 1, which is a field of the packet.
static void add_frame(struct bytes *packet, int kind, const void *data, size_t length) {
    static struct bytes frame;
    frame.length = 0;
    add(&frame, "\x08\x01", 2);
    add_field(&frame, kind, data, length);
    add_field(packet, 1, frame.data, frame.length);
}

static void write_request(struct bytes *packet, int count, char **words) {
    static struct bytes label, labels, request, start;
    for (int i = 0; i < count; i++) {
        char *equals = strchr(words[i], '=');
        if (!equals)
            errx(64, "%s is no label: write key=value", words[i]);
        label.length = 0;
        add_field(&label, 1, words[i], equals - words[i]);
        add_field(&label, 2, equals + 1, strlen(equals + 1));
        add_field(&labels, 1, label.data, label.length);
    }
    add_field(&request, 1, labels.data, labels.length);
    const char *method = "/flower.v1.Switchboard/ClientConnect";
    add_field(&start, 1, method, strlen(method));
    add_frame(packet, 3, start.data, start.length);
    add_frame(packet, 4, request.data, request.length); // message
    add_frame(packet, 5, "", 0);                        // half_close
}

// What is left to read of a message.
struct rest {
    const uint8_t *data;
    size_t length;
};

static uint64_t take_varint(struct rest *from) {
    uint64_t number = 0;
    for (int shift = 0; from->length > 0 && shift < 64; shift += 7) {
        uint8_t byte = *from->data++;
        from->length--;
        number |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return number;
    }
    errx(1, "what the switchboard said is not complete");
}

// The next field: its number, and its value, which is a number or bytes. 0: there is none.
static int take_field(struct rest *from, uint64_t *number, struct rest *bytes) {
    if (from->length == 0)
        return 0;
    uint64_t tag = take_varint(from);
    *number = take_varint(from);
    *bytes = (struct rest){0};
    if ((tag & 7) == 2) { // That was the length.
        if (*number > from->length)
            errx(1, "what the switchboard said is not complete");
        *bytes = (struct rest){from->data, *number};
        from->data += *number;
        from->length -= *number;
    }
    return tag >> 3;
}

// 1: the call has succeeded; 0: it goes on.
static int read_answer(struct rest packet) {
    uint64_t number, code = 0;
    struct rest frame, value, text = {0};
    while (take_field(&packet, &number, &frame)) {
        for (int kind; (kind = take_field(&frame, &number, &value));) {
            if (kind != 8)
                continue;
            for (int part; (part = take_field(&value, &number, &frame));) {
                code = part == 1 ? number : code;
                text = part == 2 ? frame : text;
            }
            if (code != 0)
                errx(1, "%.*s", (int)text.length, (const char *)text.data);
            return 1;
        }
    }
    return 0;
}

// A socket that is connected to the server whose labels fit best.
static int flower_connect(const char *path, int count, char **words) {
    static struct bytes packet;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        errx(64, "%s is too long", path);
    strcpy(address.sun_path, path);
    int board = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (board < 0 || connect(board, (struct sockaddr *)&address, sizeof address) != 0)
        err(69, "%s", path);
    write_request(&packet, count, words);
    if (send(board, packet.data, packet.length, MSG_NOSIGNAL) < 0)
        err(69, "%s", path);

    int made = -1;
    for (int ended = 0; !ended;) {
        union {
            struct cmsghdr align;
            char data[CMSG_SPACE(MAX_DESCRIPTORS * sizeof(int))];
        } control;
        struct iovec into = {packet.data, sizeof packet.data};
        struct msghdr message = {
            .msg_iov = &into, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t length = recvmsg(board, &message, MSG_CMSG_CLOEXEC);
        if (length <= 0)
            errx(69, "the switchboard has gone");
        for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part))
            if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS) // One, as nothing else was asked for.
                memcpy(&made, CMSG_DATA(part), sizeof made);
        ended = read_answer((struct rest){packet.data, length});
    }
    close(board);
    return made;
}

static void copy(int from, int to) {
    char buffer[MAX_PACKET];
    for (ssize_t length; (length = read(from, buffer, sizeof buffer)) > 0;)
        for (ssize_t done = 0, count; done < length; done += count)
            if ((count = write(to, buffer + done, length - done)) < 0)
                exit(1);
}

int main(int count, char **words) {
    const char *where = getenv("FLOWER_SWITCHBOARD");
    if (!where || strncmp(where, "unix:", 5) != 0)
        errx(64, "FLOWER_SWITCHBOARD must be unix:/path");
    int made = flower_connect(where + 5, count - 1, words + 1);
    if (made < 0)
        errx(1, "no descriptor left");
    pid_t child = fork();
    if (child < 0)
        err(1, "fork");
    if (child == 0) {
        copy(STDIN_FILENO, made);
        shutdown(made, SHUT_WR);
        return 0;
    }
    copy(made, STDOUT_FILENO);
    kill(child, SIGTERM);
}
