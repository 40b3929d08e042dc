// SPDX-License-Identifier: BSD-2-Clause
using System.Collections;
using Flower.Client;
using Flower.Protocol;
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.CommandLine;

/// <summary>
/// A program that is run on connections, and the environment in which it learns of their labels. Immutable; the
/// environment is that of this process when the object was made.
/// </summary>
public sealed class ConnectionProgram
{
    private readonly string[] _words;
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);

    /// <summary>A program.</summary>
    /// <param name="words">Its name or path, and its arguments; at least one.</param>
    /// <param name="without">Variables of our own environment that it does not get, besides those about labels.</param>
    public ConnectionProgram(string[] words, params IReadOnlyCollection<string> without)
    {
        ArgumentNullException.ThrowIfNull(words);
        ArgumentOutOfRangeException.ThrowIfZero(words.Length);
        _words = words;
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            string name = (string)variable.Key;
            if (!LabelVariables.IsOne(name) && !without.Contains(name, StringComparer.Ordinal))
            {
                _environment[name] = (string)variable.Value!;
            }
        }
    }

    /// <summary>Its name, as it was given, safe to print.</summary>
    public string Name => LabelRules.Printable(_words[0]);

    /// <summary>Looks whether it can be started at all, before anybody is connected to it.</summary>
    /// <exception cref="ToolException">It is not there (127), or not executable (126).</exception>
    public void Check()
    {
        int errno = _words[0].Length == 0 ? Errno.NoEnt : Exec.Probe(_words[0]);
        if (errno != 0)
        {
            throw Explain(errno);
        }
    }

    /// <summary>How to start it on a connection.</summary>
    /// <param name="labels">The labels that it finds in its environment; null: none.</param>
    /// <param name="descriptors">What it gets; borrowed until it was started.</param>
    public ProgramStart On(ConnectionLabels? labels, params IReadOnlyList<PassedDescriptor> descriptors)
    {
        ArgumentNullException.ThrowIfNull(descriptors);
        var environment = new Dictionary<string, string>(_environment, StringComparer.Ordinal);
        if (labels is not null)
        {
            LabelVariables.AddTo(environment, labels);
        }

        return new()
        {
            Program = _words[0],
            Arguments = _words[1..],
            Environment = environment,
            Descriptors = KeepSwitchboard(environment, descriptors),
        };
    }

    /// <summary>The words for a failure to start it.</summary>
    public ToolException Explain(FlowerSocketException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return Explain(failure.Errno);
    }

    private ToolException Explain(int errno) => errno switch
    {
        Errno.Acces => new(ExitCodes.NotExecutable, $"{Name}: permission denied: it is not executable (chmod +x)"),
        Errno.NoExec => new(ExitCodes.NotExecutable, $"{Name}: not a program: a script begins with #!"),
        Errno.NoEnt => new(
            ExitCodes.NoCommand,
            _words[0].Contains('/', StringComparison.Ordinal)
                ? $"{Name}: no such file, or the interpreter that it names is missing"
                : $"{Name}: command not found: install it, or give its path"),
        Errno.TooBig => new(ExitCodes.NotExecutable, $"{Name}: its arguments and environment are too large"),
        Errno.Again or Errno.NoMem => new(
            ExitCodes.NotExecutable, $"{Name}: no process left: raise ulimit -u, or the limit of the cgroup"),
        Errno.MFile or Errno.NFile => new(ExitCodes.NotExecutable, $"{Name}: no descriptor left: raise ulimit -n"),
        Errno.BadF => new(ExitCodes.NotExecutable, $"{Name}: the number of its descriptor is too large (ulimit -n)"),
        _ => new(ExitCodes.NotExecutable, new FlowerSocketException(Name, errno).Message),
    };

    // FLOWER_SWITCHBOARD=fd:3 must not point to the connection, where the connection becomes 3.
    private static List<PassedDescriptor> KeepSwitchboard(
        Dictionary<string, string> environment, IReadOnlyList<PassedDescriptor> descriptors)
    {
        List<PassedDescriptor> all = [.. descriptors];
        if (environment.GetValueOrDefault(SwitchboardAddress.Variable) is { } text
            && text.StartsWith("fd:", StringComparison.Ordinal)
            && SwitchboardAddress.Parse(text).Descriptor is int number and >= 0
            && all.Exists(passed => passed.Number == number))
        {
            Descriptor inherited = Descriptor.Borrow(number);
            environment.Remove(SwitchboardAddress.Variable);
            if (!inherited.IsCloseOnExec)
            {
                int free = all.Max(passed => passed.Number) + 1;
                all.Add(new(inherited, free));
                environment[SwitchboardAddress.Variable] = $"fd:{free}";
            }
        }

        return all;
    }
}
