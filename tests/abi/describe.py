#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""describe.py HEADER...: a C program that prints what a compiled device relies on:
the size of each public struct, where its members lie, and the value of each word of
an enum.  check-abi.sh runs it.   describe.py --calls HEADER: "name: prototype" lines."""
import re
import sys


def plain(path):
    text = re.sub(r'/\*.*?\*/', ' ', open(path, encoding='utf-8').read(), flags=re.S)
    return re.sub(r'^\s*#.*$', '', text, flags=re.M)


def members(body):
    for part in body.split(';'):
        part = ' '.join(part.split())
        pointer = re.search(r'\(\*(\w+)\)\(', part)
        if pointer:
            yield pointer.group(1)
        elif part:
            for name in part.split(','):
                yield re.sub(r'\[.*', '', name).replace('*', ' ').split()[-1]


def calls(text):
    text = re.sub(r'\b(struct|enum)\s+\w+\s*\{.*?\};', '', text, flags=re.S)
    for m in re.finditer(r'([\w \t\n*]+?)\b(kith_\w+)\s*\(([^;{]*)\);', text):
        result = ' '.join(m.group(1).replace('extern "C" {', '').split())
        yield m.group(2), result, ' '.join(m.group(3).split())


def main():
    if sys.argv[1] == '--calls':
        for name, result, arguments in sorted(calls(plain(sys.argv[2]))):
            print(f'{name}: {result} ({arguments})')
        return
    print('#include <stddef.h>\n#include <stdio.h>')
    for path in sys.argv[1:]:
        print(f'#include "{path}"')
    print('int main(void)\n{')
    for path in sys.argv[1:]:
        text = plain(path)
        for name, body in sorted(re.findall(r'\bstruct (kith_\w+)\s*\{(.*?)\n\};', text, re.S)):
            print(f'\tprintf("struct {name} %zu\\n", sizeof(struct {name}));')
            for member in members(body):
                print(f'\tprintf("  {member} %zu\\n", offsetof(struct {name}, {member}));')
        for name, body in sorted(re.findall(r'\benum (kith_\w+)\s*\{(.*?)\}', text, re.S)):
            print(f'\tprintf("enum {name}\\n");')
            for word in body.split(','):
                word = word.split('=')[0].strip()
                if word:
                    print(f'\tprintf("  {word} %d\\n", (int){word});')
    print('\treturn 0;\n}')


main()
