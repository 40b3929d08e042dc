// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Egress.Policy;

/// <summary>
/// Paths of Unix sockets: <c>unix:/run/postgresql/*</c>. A '*' stands for any characters of one name in the path, a
/// leading dot included, and never for a '/'.
/// </summary>
/// <param name="Pattern">The path.</param>
/// <param name="Text">As it was written.</param>
internal sealed record PathRule(string Pattern, string Text) : AllowRule(Text)
{
    /// <returns>Null: it is none; the error says why.</returns>
    public static new PathRule? Parse(string text, out string error)
    {
        string pattern = text["unix:".Length..];
        bool isPlain = pattern.StartsWith('/')
            && pattern[1..].Split('/').All(name => name is not ("" or "." or ".."));
        error = isPlain ? "" : "a path is absolute, without '.', '..' and empty names: unix:/run/postgresql/*";
        return isPlain ? new(pattern, text) : null;
    }

    /// <summary>Whether the path is one of them.</summary>
    public bool Matches(string path)
    {
        // Where the last '*' stands, and the end of what it stands for: going back further cannot help, since a longer
        // text for an earlier one only leaves less for this one, and none goes beyond its name.
        int star = -1;
        int starEnd = 0;
        int at = 0;
        int next = 0;
        while (at < path.Length)
        {
            if (next < Pattern.Length && Pattern[next] == '*')
            {
                star = next++;
                starEnd = at;
            }
            else if (next < Pattern.Length && Pattern[next] == path[at])
            {
                next++;
                at++;
            }
            else if (star >= 0 && path[starEnd] != '/')
            {
                next = star + 1;
                at = ++starEnd;
            }
            else
            {
                return false;
            }
        }

        return Pattern.AsSpan(next).TrimStart('*').IsEmpty;
    }
}
