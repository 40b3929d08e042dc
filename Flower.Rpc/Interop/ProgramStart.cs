// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>
/// A program, and what it begins with. Besides <see cref="Descriptors"/> it inherits only what is not close-on-exec,
/// which in our processes is what they inherited themselves: standard input, output and error. Its signal mask is empty
/// and SIGPIPE, which the .NET runtime ignores, is at its default again; signals that this process was started to
/// ignore, as nohup(1) does, stay ignored.
/// </summary>
public sealed record ProgramStart
{
    /// <summary>A path, or a name without a slash, which is looked for in PATH (execvp(3)).</summary>
    public required string Program { get; init; }

    /// <summary>What follows the program's name. Default: nothing.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>The whole environment. Default: null, that of this process.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>What it gets besides what is inherited. Default: nothing.</summary>
    public IReadOnlyList<PassedDescriptor> Descriptors { get; init; } = [];

    /// <summary>
    /// A process group of its own (<see cref="Spawn"/> only): Ctrl-C on the terminal does not reach it, and a signal
    /// reaches what it started, too (Linux 6.9). Default: false.
    /// </summary>
    public bool OwnProcessGroup { get; init; }

    internal NativeStrings MakeArguments() => new([Program, .. Arguments]);

    internal NativeStrings MakeEnvironment()
    {
        var words = new List<string>();
        if (Environment is not null)
        {
            words.AddRange(Environment.Select(variable => $"{variable.Key}={variable.Value}"));
        }
        else
        {
            foreach (System.Collections.DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
            {
                words.Add($"{variable.Key}={variable.Value}");
            }
        }

        return new(words);
    }

    /// <summary>
    /// Copies of the descriptors, above every number that the program gets: so none of these numbers is taken before
    /// its own source was moved, and none is the source itself, which dup2(2) would leave close-on-exec. The caller
    /// owns them.
    /// </summary>
    internal List<PassedDescriptor> MakeCopies()
    {
        var copies = new List<PassedDescriptor>(Descriptors.Count);
        int above = Descriptors.Count == 0 ? 0 : Math.Max(3, Descriptors.Max(passed => passed.Number) + 1);
        try
        {
            foreach (PassedDescriptor passed in Descriptors)
            {
                copies.Add(passed with { Descriptor = Descriptor.Duplicate(passed.Descriptor, above) });
            }
        }
        catch
        {
            Close(copies);
            throw;
        }

        return copies;
    }

    internal static void Close(List<PassedDescriptor> copies)
    {
        foreach (PassedDescriptor copy in copies)
        {
            copy.Descriptor.Dispose();
        }
    }
}
