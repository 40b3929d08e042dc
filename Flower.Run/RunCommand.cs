// SPDX-License-Identifier: BSD-2-Clause
using System.Collections;
using System.CommandLine;
using System.Globalization;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Run.Agent;
using Flower.Run.Box;
using Flower.Run.Network;

namespace Flower.Run;

/// <summary>
/// <c>flower run</c>: makes another program of this process that inherits a narrower handle, or runs it in a box that
/// has no other way out.
/// </summary>
public sealed class RunCommand : Command
{
    internal const string FullName = "flower run";

    private readonly Option<string[]> _right = new("--right")
    {
        HelpName = "RIGHT",
        Description = $"What the handle of COMMAND may do: {RightWords.Known}; repeatable, or with commas. "
            + "Default: all that our own handle may do, but tap",
    };

    private readonly LabelsOption _in = new(
        "--in",
        "Labels that are added to whatever COMMAND registers: key=value words with spaces between them, or one JSON "
        + "object; repeatable. Default: none");

    private readonly LabelsOption _out = new(
        "--out", "Labels that are added to each of its requests, written as for --in. Default: none");

    private readonly BoxOptions _box;

    private readonly Option<bool> _verbose = new("--verbose", "-v")
    {
        Description = "Say which handle COMMAND gets, and what is hidden from it.",
    };

    private readonly SwitchboardOption _switchboard = new();

    /// <summary>The command.</summary>
    public RunCommand()
        : base("run", "Makes a narrower handle, and becomes COMMAND, which inherits it (FLOWER_SWITCHBOARD=fd:N) and "
            + "shares it with all that it starts:\n"
            + "  flower run --right client-connect --out tenant=blue -- sh -c 'flower cat service=time'\n"
            + "  flower run --no-network --right server-start --in service=www -- my-server\n"
            + "  flower run --box --out tenant=blue -- curl http://web.example/\n"
            + "Without --no-network or --box, only what goes through the handle is limited.")
    {
        Add(_right);
        Add(_in);
        Add(_out);
        _box = new(this);
        Add(_verbose);
        Add(_switchboard);
        Add(new ProgramArgument());
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        IgnoredSignals ignored = IgnoredSignals.OfThisProcess();
        string[] words = ReadWords(command);
        string[]? rights = command.GetValue(_right);
        var narrowing = new Narrowing(
            rights is { Length: > 0 } ? RightWords.Parse(rights) : null, _in.Read(command), _out.Read(command));
        BoxChoice box = _box.Read(command);
        var program = new ConnectionProgram(words);
        program.Check();
        SwitchboardAddress address = SwitchboardAddress.Resolve(command.GetValue(_switchboard));
        if (box.HasAgent)
        {
            if (!box.IsInNetwork)
            {
                AgentBox.CheckParts();
                await BoxNamespace.EnterAsync();
            }

            return await new AgentBox(address, narrowing, box, words, command.GetValue(_verbose))
                .RunAsync(ignored, cancellationToken);
        }

        BoxPlan? plan = box.IsBoxed ? MakePlan(address, box, words[0]) : null;
        (Descriptor session, IReadOnlyList<Right> given) = await NarrowAsync(narrowing, address, cancellationToken);
        using Descriptor owned = session;

        // A signal that came meanwhile was meant to end us, and would be lost.
        cancellationToken.ThrowIfCancellationRequested();
        if (command.GetValue(_verbose))
        {
            HandleReport.Say(narrowing, given);
            Tool.Say(FullName, plan is null
                ? "only what goes through the handle is limited: the command can still open any other socket "
                    + "(--no-network, --box)"
                : $"no network; hidden: {string.Join(", ", plan.Hidden)}");
        }

        if (plan is null)
        {
            Become(program, words, address, session);
            return ExitCodes.Ok;
        }

        return await BoxedProcess.RunAsync(
            new(plan, session, HasAgent: false, Files: []), words, ignored, cancellationToken);
    }

    private static BoxPlan MakePlan(SwitchboardAddress address, BoxChoice box, string program)
    {
        BoxedProcess.CheckParts(box.Option!);
        return BoxPlan.Make(address, BoundSocket.Parse(File.ReadLines(BoundSocket.ListPath)), box, program);
    }

    private static string[] ReadWords(ParseResult command)
    {
        string[] words = ProgramArgument.Read(command);
        string[] before = (command.GetValue<string[]>("COMMAND") ?? [])[..^words.Length];
        if (before is [['-', '-', ..] option, ..])
        {
            throw new ToolException(ExitCodes.Usage, Suggestion.NoSuchOption(option, command.CommandResult));
        }

        if (words.Length == 0)
        {
            throw new ToolException(ExitCodes.Usage, "give the command to run: flower run [OPTIONS] -- COMMAND");
        }

        return before.Length == 0
            ? words
            : throw new ToolException(
                ExitCodes.Usage,
                $"'{before[0]}' stands before --: the command comes after it, labels need --in or --out");
    }

    // The session ends here: the handle that was made of it lives on by itself.
    private static async Task<(Descriptor Session, IReadOnlyList<Right> Rights)> NarrowAsync(
        Narrowing narrowing, SwitchboardAddress address, CancellationToken cancellationToken)
    {
        await using Handle handle = await Handle.OpenAsync(address.ToString(), cancellationToken: cancellationToken);
        return await narrowing.ApplyAsync(handle, cancellationToken);
    }

    private static void Become(
        ConnectionProgram program, string[] words, SwitchboardAddress address, Descriptor session)
    {
        int number = InheritedHandles.NumberFor(address);
        Dictionary<string, string> environment = OwnEnvironment();
        environment[SwitchboardAddress.Variable] = string.Create(CultureInfo.InvariantCulture, $"fd:{number}");
        InheritedHandles.KeepBehind(address);
        try
        {
            Exec.Replace(new()
            {
                Program = words[0],
                Arguments = words[1..],
                Environment = environment,
                Descriptors = [new(session, number)],
            });
        }
        catch (FlowerSocketException e)
        {
            throw program.Explain(e);
        }
    }

    internal static Dictionary<string, string> OwnEnvironment() => Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .ToDictionary(variable => (string)variable.Key, variable => (string)variable.Value!, StringComparer.Ordinal);
}
