/*
 * Files of a component: written by the functions of wasi:filesystem themselves, read by stdio of wasi-libc.
 *
 *   files NAME TEXT   writes the text to a file of the first directory, appends it once more, prints what stdio reads of
 *                     the file, then the names in the directory; a failure prints the number of its error-code
 */
#include <stdio.h>
#include <string.h>
#include <wasi/wasip2.h>

static int failed(const char *what, filesystem_error_code_t code) {
    printf("%s: %d\n", what, (int)code);
    return 1;
}

/* Writes all, and drops the stream. */
static int put(filesystem_own_output_stream_t stream, const char *text) {
    wasip2_list_u8_t bytes = {(uint8_t *)text, strlen(text)};
    streams_stream_error_t error;
    bool written =
        streams_method_output_stream_blocking_write_and_flush(streams_borrow_output_stream(stream), &bytes, &error);
    streams_output_stream_drop_own(stream);
    return written;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    filesystem_preopens_list_tuple2_own_descriptor_string_t directories;
    filesystem_preopens_get_directories(&directories);
    if (directories.len == 0) return 3;
    filesystem_borrow_descriptor_t root = filesystem_borrow_descriptor(directories.ptr[0].f0);

    filesystem_error_code_t code;
    filesystem_own_descriptor_t file;
    wasip2_string_t name = {(uint8_t *)argv[1], strlen(argv[1])};
    if (!filesystem_method_descriptor_open_at(root, FILESYSTEM_PATH_FLAGS_SYMLINK_FOLLOW, &name,
                                              FILESYSTEM_OPEN_FLAGS_CREATE, FILESYSTEM_DESCRIPTOR_FLAGS_WRITE, &file,
                                              &code))
        return failed("open-at", code);
    filesystem_own_output_stream_t stream;
    if (!filesystem_method_descriptor_write_via_stream(filesystem_borrow_descriptor(file), 0, &stream, &code))
        return failed("write-via-stream", code);
    if (!put(stream, argv[2])) return 4;
    if (!filesystem_method_descriptor_append_via_stream(filesystem_borrow_descriptor(file), &stream, &code))
        return failed("append-via-stream", code);
    if (!put(stream, argv[2])) return 5;
    filesystem_descriptor_drop_own(file);

    char path[256], line[256];
    snprintf(path, sizeof path, "%.*s/%s", (int)directories.ptr[0].f1.len, (char *)directories.ptr[0].f1.ptr, argv[1]);
    FILE *again = fopen(path, "r");
    if (again == NULL || fgets(line, sizeof line, again) == NULL) return 6;
    fclose(again);
    printf("%s\n", line);

    filesystem_own_directory_entry_stream_t entries;
    if (!filesystem_method_descriptor_read_directory(root, &entries, &code)) return failed("read-directory", code);
    for (;;) {
        filesystem_option_directory_entry_t entry;
        if (!filesystem_method_directory_entry_stream_read_directory_entry(
                filesystem_borrow_directory_entry_stream(entries), &entry, &code))
            return failed("read-directory-entry", code);
        if (!entry.is_some) break;
        printf("%.*s %d\n", (int)entry.val.name.len, (char *)entry.val.name.ptr, (int)entry.val.type);
    }
    filesystem_directory_entry_stream_drop_own(entries);
    return 0;
}
