// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Globalization;
using Flower.Fuzz;
using Flower.Fuzz.Simulation;
using SharpFuzz;

const string Usage = """
    usage: Flower.Fuzz list
           Flower.Fuzz afl TARGET                 run by afl-fuzz: see fuzz.sh
           Flower.Fuzz mutate TARGET COUNT [SEED] the corpus, and mutants of it
           Flower.Fuzz replay TARGET FILE...      inputs that were kept
           Flower.Fuzz simulate COUNT [SEED]      histories of a board and the processes around it
           Flower.Fuzz trace SEED                 one history, with all that is said in it
           Flower.Fuzz survey COUNT [SEED]        the same, and goes on when one is broken
    """;

switch (args)
{
    case ["list"]:
        foreach (FuzzTarget target in FuzzTarget.All)
        {
            Console.WriteLine(target.Name);
        }

        return 0;
    case ["afl", string name] when Find(name) is FuzzTarget target:
        Fuzzer.OutOfProcess.Run(stream =>
        {
            using var input = new MemoryStream();
            stream.CopyTo(input);
            target.Run(input.ToArray());
        });
        return 0;
    case ["mutate", string name, string count, .. string[] seed] when Find(name) is FuzzTarget target:
        Report(count, "inputs", () => Corpus.Try(target, Number(count), Seed(seed)));
        return 0;
    case ["replay", string name, .. string[] files] when Find(name) is FuzzTarget target:
        foreach (string file in files)
        {
            Console.WriteLine(file);
            target.Run(File.ReadAllBytes(file));
        }

        return 0;
    case ["simulate", string count, .. string[] seed]:
        Report(count, "histories", () => Console.WriteLine(Histories.Play(Number(count), Seed(seed))));
        return 0;
    case ["trace", string seed]:
        // Also, the console's own descriptors are open before the history's are counted.
        Console.WriteLine($"The history of seed {seed}, in milliseconds of its own clock:");
        World.Trace = Console.WriteLine;
        Report("1", "histories", () => Histories.Play(1, Number(seed)));
        return 0;
    case ["survey", string count, .. string[] seed]:
        int broken = 0;
        Console.WriteLine(Histories.Survey(Number(count), Seed(seed), said =>
        {
            broken++;
            Console.WriteLine(said);
        }));
        Console.WriteLine($"{broken} of {count} histories are broken");
        return broken == 0 ? 0 : 1;
    default:
        Console.Error.WriteLine(Usage);
        return 64;
}

static FuzzTarget? Find(string name) => FuzzTarget.All.FirstOrDefault(target => target.Name == name);

static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

static int Seed(string[] seed) => seed is [string text] ? Number(text) : 1;

static void Report(string count, string what, Action run)
{
    var time = Stopwatch.StartNew();
    run();
    Console.WriteLine($"{count} {what} in {time.Elapsed.TotalSeconds:F1} s: nothing is broken");
}
