// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Run.Box;

/// <summary>
/// What a box shows of the file system: all of it, without the places where sockets are, which are empty, but for what
/// was bound; and without the sockets elsewhere, each of which is covered. Immutable; made before anything is started.
/// </summary>
internal sealed class BoxPlan
{
    private const string Nothing = "/dev/null";
    private const string ForOwner = "0700";
    private const string ForOwnerToWrite = "0755";
    private const string ForAll = "1777";
    private const string RuntimeVariable = "XDG_RUNTIME_DIR";

    private readonly IReadOnlyList<HiddenPlace> _hidden;
    private readonly IReadOnlyList<ShownPlace> _shown;
    private readonly IReadOnlyList<string> _covered;
    private readonly IReadOnlyList<string> _more;
    private readonly string? _runtime;

    private BoxPlan(
        IReadOnlyList<HiddenPlace> hidden, IReadOnlyList<ShownPlace> shown, IReadOnlyList<string> covered,
        IReadOnlyList<string> more, string? runtime)
    {
        _hidden = hidden;
        _shown = shown;
        _covered = covered;
        _more = more;
        _runtime = runtime;
    }

    /// <summary>What is hidden, for people.</summary>
    public IEnumerable<string> Hidden => _hidden.Select(place => place.Path).Concat(_covered);

    /// <summary>What was bound, where it is.</summary>
    public IReadOnlyList<string> Shown => [.. _shown.Select(place => place.Path)];

    /// <summary>The working directory, which stays the same.</summary>
    public string WorkingDirectory { get; } = Environment.CurrentDirectory;

    /// <summary>Looks at the file system and the sockets of now.</summary>
    /// <param name="address">The switchboard that was opened: its directory is hidden.</param>
    /// <param name="sockets">The sockets of the network outside.</param>
    /// <param name="choice">What is shown all the same, and what else bubblewrap is told.</param>
    /// <param name="program">What is to run, which must be visible.</param>
    /// <exception cref="ToolException">Something that is needed is hidden, or not there.</exception>
    public static BoxPlan Make(
        SwitchboardAddress address, IReadOnlyList<BoundSocket> sockets, BoxChoice choice, string program)
    {
        HashSet<string> doors = DoorsOf(address, sockets);
        IReadOnlyList<HiddenPlace> hidden = PlacesToHide(doors);
        ShownPlace[] places = [.. choice.Binds.SelectMany(bind => BoxPaths.PlacesOf(bind.Option, bind.Path)
            .Select(path => new ShownPlace(path, bind.IsReadOnly)))
            .Where(place => place.IsReadOnly || IsHidden(hidden, place.Path))
            .DistinctBy(place => place.Path)];
        string[] shown = [.. places.Select(place => place.Path)];
        IEnumerable<string> located = sockets.Select(socket => BoxPaths.EntryOf(socket.Path))
            .OfType<string>().Where(File.Exists).Distinct();
        string[] covered = [.. located.Where(path => MustCover(path, hidden, shown, doors))];
        string? runtime = Environment.GetEnvironmentVariable(RuntimeVariable) is { Length: > 0 } given
            ? BoxPaths.Locate(given)
            : null;
        bool hidesRuntime = runtime is not null && IsHidden(hidden, runtime);
        var plan = new BoxPlan(hidden, places, covered, choice.More, hidesRuntime ? runtime : null);
        plan.CheckVisible(plan.WorkingDirectory, "the working directory", plan.WorkingDirectory);
        plan.CheckProgram(program);
        return plan;
    }

    /// <summary>What bwrap(1) is told, in the order in which it does it: a later mount covers an earlier one.</summary>
    public IEnumerable<string> Arguments()
    {
        // Before the doors are hidden, so that nothing that is asked for opens one by accident.
        IEnumerable<string> words = [.. _shown.Where(place => !IsHidden(_hidden, place.Path)).SelectMany(Show), .. _more];
        words = words.Concat(_hidden.SelectMany(place => new[] { "--perms", place.Mode, "--tmpfs", place.Path }));

        // Programs expect it, and it is within a place that is empty now.
        if (_runtime is not null && _hidden.All(place => place.Path != _runtime))
        {
            words = words.Concat(["--perms", ForOwner, "--dir", _runtime]);
        }

        return words
            .Concat(_shown.Where(place => IsHidden(_hidden, place.Path)).SelectMany(Show))
            .Concat(_covered.SelectMany(path => new[] { "--ro-bind", Nothing, path }));
    }

    private static string[] Show(ShownPlace place) =>
        [place.IsReadOnly ? "--ro-bind" : "--dev-bind", place.Path, place.Path];

    // A handle door cannot be told from other sockets that take packets, of which there are few: each counts as one.
    private static HashSet<string> DoorsOf(SwitchboardAddress address, IReadOnlyList<BoundSocket> sockets)
    {
        IEnumerable<string?> paths = sockets.Where(socket => socket.IsDoor).Select(socket => socket.Path)
            .Append(address.Path)
            .Append(SwitchboardAddress.SystemPath);
        return [.. paths.OfType<string>()
            .Select(path => BoxPaths.Locate(Path.GetDirectoryName(path)!))
            .OfType<string>()];
    }

    private static List<HiddenPlace> PlacesToHide(HashSet<string> doors)
    {
        (string? Path, string Mode)[] wanted =
        [
            ("/run", ForOwnerToWrite), ("/var/run", ForOwnerToWrite), ("/tmp", ForAll), ("/var/tmp", ForAll),
            ("/dev/shm", ForAll), (Environment.GetEnvironmentVariable(RuntimeVariable), ForOwner),
            .. doors.Select(door => ((string?)door, ForOwnerToWrite)),
        ];
        var places = wanted
            .Where(place => !string.IsNullOrEmpty(place.Path))
            .Select(place => new HiddenPlace(BoxPaths.Locate(place.Path!) ?? "/", place.Mode))
            .Where(place => place.Path != "/" && Directory.Exists(place.Path))
            .DistinctBy(place => place.Path)
            .OrderBy(place => place.Path.Length);
        var hidden = new List<HiddenPlace>();
        foreach (HiddenPlace place in places)
        {
            if (!IsHidden(hidden, place.Path))
            {
                hidden.Add(place);
            }
        }

        return hidden;
    }

    private static bool IsHidden(IEnumerable<HiddenPlace> hidden, string path) =>
        hidden.Any(place => BoxPaths.IsWithin(path, place.Path));

    // Binding a directory opens the sockets in it, but not a switchboard: that takes its own path.
    private static bool MustCover(
        string path, IReadOnlyList<HiddenPlace> hidden, string[] shown, HashSet<string> doors) =>
        IsHidden(hidden, path)
            ? shown.Any(bind => BoxPaths.IsWithin(path, bind)) && !shown.Contains(path)
                && doors.Contains(Path.GetDirectoryName(path)!)
            : !shown.Contains(path);

    private void CheckProgram(string name)
    {
        if (name.Contains('=', StringComparison.Ordinal))
        {
            throw new ToolException(
                ExitCodes.Usage,
                $"{LabelRules.Printable(name)}: a name with '=' cannot be run in a box: use sh -c 'exec \"$0\"' NAME");
        }

        // Both, where it is a link: the link, and what it leads to.
        if (BoxPaths.FindProgram(name) is { } file)
        {
            string[] places = [.. new[] { BoxPaths.EntryOf(file), BoxPaths.Locate(file) }.OfType<string>()];
            Array.ForEach(places, place => CheckVisible(place, "the command", Path.GetDirectoryName(place)!));
        }
    }

    private void CheckVisible(string path, string what, string remedy)
    {
        if (IsHidden(_hidden, path) && !_shown.Any(place => BoxPaths.IsWithin(path, place.Path)))
        {
            throw new ToolException(
                ExitCodes.Usage,
                LabelRules.Printable($"{what}, {path}, is hidden in the box: add --bind {remedy}"));
        }
    }
}
