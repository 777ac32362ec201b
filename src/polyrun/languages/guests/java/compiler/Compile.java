import com.sun.source.util.JavacTask;
import com.sun.source.util.TaskEvent;
import com.sun.source.util.TaskListener;
import java.io.IOException;
import java.io.Writer;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.NestingKind;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.ElementFilter;
import javax.tools.JavaCompiler;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * Compiles a block: {@code Compile SOURCE_FOLDER BUILD_FOLDER DOCUMENT}.
 *
 * <p>Every file of the source folder is a compilation unit that goes by the document's name, in messages and in
 * stack traces. The argument file {@code launch} in the build folder then names the class to start. A block that takes
 * values from others or hands some over comes with the file {@code Bindings.FILE}.
 */
final class Compile {
    private Compile() {}

    /** A source file that calls itself by the document's name, whatever public class it holds. */
    static final class Unit extends SimpleJavaFileObject {
        private final String document;
        private final String code;

        Unit(String document, String code) throws URISyntaxException {
            super(new URI("block", null, "/" + document, null), Kind.SOURCE);
            this.document = document;
            this.code = code;
        }

        @Override
        public String getName() {
            return document;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return code;
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            return kind == Kind.SOURCE && !simpleName.endsWith("-info"); // this is no package-info.java
        }
    }

    /** Notes the classes that can be started, in the order they stand in the source. */
    private static final class Mains implements TaskListener {
        private final List<String> found = new ArrayList<>();

        @Override
        public void finished(TaskEvent event) {
            TypeElement type = event.getTypeElement();
            if (event.getKind() != TaskEvent.Kind.ANALYZE || type == null) {
                return;
            }
            for (ExecutableElement method : ElementFilter.methodsIn(type.getEnclosedElements())) {
                if (starts(method) && !found.contains(type.getQualifiedName().toString())) {
                    found.add(type.getQualifiedName().toString());
                }
            }
        }

        private static boolean starts(Element method) {
            return method.getSimpleName().contentEquals("main")
                    && ((ExecutableElement) method).getParameters().size() <= 1
                    && ((TypeElement) method.getEnclosingElement()).getNestingKind() == NestingKind.TOP_LEVEL
                    && !method.getModifiers().containsAll(Set.of(Modifier.PRIVATE));
        }
    }

    /** Exit status 1 when the block does not compile. */
    public static void main(String[] args) throws IOException, URISyntaxException {
        Path build = Path.of(args[1]);
        List<Unit> units = new ArrayList<>();
        String bindings = null;
        try (var files = Files.newDirectoryStream(Path.of(args[0]))) {
            for (Path file : files) {
                String code = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
                if (file.getFileName().toString().equals("polyrun_imports.java")) {
                    bindings = code;
                } else {
                    units.add(new Unit(args[2], code));
                }
            }
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        Mains mains = new Mains();
        boolean good = bindings == null
                ? task(compiler, build.toString(), build, null, units, mains).call()
                : new Bindings(compiler, build, bindings, args[2]).compile(units, mains);
        if (!good) {
            System.exit(1);
        }
        if (mains.found.isEmpty()) {
            System.err.println(args[2] + ": error: no class has a `main` method");
            System.exit(1);
        }
        Files.writeString(build.resolve("launch"), mains.found.get(0) + "\n");
    }

    static JavacTask task(
            JavaCompiler compiler,
            String path,
            Path build,
            Writer told,
            List<Unit> units,
            TaskListener listener) {
        List<String> options = List.of("-d", build.toString(), "-cp", path, "-g", "-proc:none");
        JavacTask task = (JavacTask) compiler.getTask(told, null, null, options, null, units);
        task.addTaskListener(listener);
        return task;
    }
}
